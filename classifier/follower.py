"""What an organisation's own worker does when one of its models is to be looked at: it looks at all that follow."""

import logging
from datetime import timedelta

from django.db import DatabaseError
from django.utils import timezone

from classifier import following, kinds, leases
from tenants import appointments, jobs
from tenants.errors import NotFound

log = logging.getLogger(__name__)

KIND = kinds.FOLLOWING
# When something went wrong in a look, the next one is so long after it.
LATER = timedelta(hours=1)


def follow(job_id: str, *, tenant: str) -> None:
    attempt = jobs.claim(job_id)
    if attempt is None:
        return
    outcome = "succeeded"
    with leases.kept(job_id, attempt, tenant=tenant):
        for name in following.followers():
            if attempt > jobs.ATTEMPTS or not _look(name):
                appointments.make(name, at=timezone.now() + LATER)
                outcome = "failed"
    jobs.finish(job_id, attempt, outcome)


def _look(name: str) -> bool:
    try:
        following.look(name)
    except NotFound:  # It was deleted meanwhile.
        return True
    except DatabaseError:
        raise  # Another attempt begins when the lease has run out.
    except Exception:  # One model's trouble must not keep the others from being looked at.
        log.exception("%s could not be looked at", name)
        return False
    return True
