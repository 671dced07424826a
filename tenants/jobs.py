"""Jobs of the organisation that is entered: handed in with its own rows, claimed and finished behind a fence.

These are the doors of tenants/doors.sql; the tenant is the session's, so a caller cannot name another.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

# A worker that has not renewed its lease for so long has lost the job.
LEASE = timedelta(seconds=12)
# The last attempt fails the job with a word about its cause, instead of trying for ever.
ATTEMPTS = 3


class LeaseLost(Exception):
    """Another attempt has taken over this job: what this one did must not take effect."""


def submit(job_id: str, *, kind: str, queue: str, subject: str = "") -> None:
    """Hand in a job. It is enqueued after the surrounding transaction commits, and only then."""
    _call("SELECT door.submit_job(%s, %s, %s, %s)", job_id, kind, queue, subject)


def submit_all(job_ids: Sequence[str], *, kind: str, queue: str, subjects: Sequence[str]) -> None:
    """Hand in several jobs, each with its subject, as `submit` does one."""
    _call("SELECT door.submit_jobs(%s, %s, %s, %s)", list(job_ids), kind, queue, list(subjects))


def settle(job_id: str, *, subject: str, note: str) -> None:
    """Answer a request of the registrar, which it carries into MLflow after the transaction commits."""
    _call("SELECT door.settle_request(%s, %s, %s)", job_id, subject, note)


def claim(job_id: str) -> int | None:
    """Return the number of this attempt, or None when the job is done, canceled or in somebody's hands."""
    attempt = _call("SELECT door.claim_job(%s, %s)", job_id, LEASE)
    return None if attempt is None else int(attempt)


def claim_all(job_ids: Sequence[str]) -> dict[str, int]:
    """Claim several jobs, as `claim` does one, and return the attempt of each that could be claimed."""
    if not job_ids:
        return {}
    return dict(_rows("SELECT job_id, held FROM door.claim_jobs(%s, %s)", list(job_ids), LEASE))


def renew(job_id: str, attempt: int) -> bool:
    return bool(_call("SELECT door.renew_job(%s, %s, %s)", job_id, attempt, LEASE))


def finish(job_id: str, attempt: int, outcome: str) -> None:
    """Finish within the transaction that writes the result. Raises LeaseLost, which takes that back."""
    if not _call("SELECT door.finish_job(%s, %s, %s)", job_id, attempt, outcome):
        raise LeaseLost(job_id)


def finish_all(attempts: Mapping[str, int], outcomes: Mapping[str, str]) -> set[str]:
    """Finish these within the transaction that writes their results, and return those whose results may take effect.

    The others have been taken over by another attempt.
    """
    if not outcomes:
        return set()
    held = [attempts[job_id] for job_id in outcomes]
    found = _rows("SELECT door.finish_jobs(%s, %s, %s)", list(outcomes), held, list(outcomes.values()))
    return {job_id for (job_id,) in found}


def hand_back(job_id: str, attempt: int) -> None:
    """Give the job back unfinished, as if this attempt had not been made."""
    _call("SELECT door.hand_back_job(%s, %s)", job_id, attempt)


def cancel(job_id: str) -> bool:
    """Take back a job that nobody runs, and say whether that was possible."""
    return bool(_call("SELECT door.cancel_job(%s)", job_id))


def _call(statement: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


def _rows(statement: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
