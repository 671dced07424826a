"""What an organisation's own worker clears away now and then: answers, replays and files whose time is over."""

import logging

from classifier import adopter, kinds, leases, results, uploads
from tenants import idempotency, jobs

log = logging.getLogger(__name__)

KIND = kinds.TIDYING


def tidy(job_id: str, *, tenant: str) -> None:
    attempt = jobs.claim(job_id)
    if attempt is None:
        return
    if attempt > jobs.ATTEMPTS:  # The next one will come by itself.
        jobs.finish(job_id, attempt, "failed")
        return
    with leases.kept(job_id, attempt, tenant=tenant):
        log.info("forgot %d requests with their answers", results.forget_expired())
        idempotency.forget_expired()
        uploads.sweep(tenant)
        adopter.sweep(tenant)
    jobs.finish(job_id, attempt, "succeeded")
