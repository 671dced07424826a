"""Answers what was accepted for later: requests of one version at once, each claimed, kept and finished for itself."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import DatabaseError, OperationalError, transaction

from classifier import inference, results
from classifier.loaded import LoadedModels
from classifier.models import Classification
from tenants import jobs
from tenants.errors import Unavailable

log = logging.getLogger(__name__)

# What is computed at once, in inputs. One whose answer is explained takes longer, and counts as several.
TOGETHER = 256
EXPLAINED = 8
# After each group a worker rests for four times as long as it took: nobody waits for what it does, and most of the
# processor, the database and the gateway, which takes in as much as is answered, is left for those who are waited for.
RESTS = 4
LONGEST_REST = 0.08


def answer(
    ids: Sequence[str], *, models: LoadedModels, is_wanted_elsewhere: Callable[[], bool] = lambda: False
) -> list[str]:
    """Answer accepted requests, each once, and return those that are left because the worker is wanted elsewhere.

    That is asked after every group that is computed at once. Raises DatabaseError when the database is away; what is
    not finished then is done when its lease has run out, or its message is found missing.
    """
    rows = Classification.objects.in_bulk(ids)
    _cancel([id for id in ids if id not in rows])
    left = [rows[id] for id in ids if id in rows]
    while left:
        began = time.monotonic()
        together, left = _next(left)
        _answer(together, models)
        time.sleep(min(LONGEST_REST, RESTS * (time.monotonic() - began)))
        if left and is_wanted_elsewhere():
            break
    return [row.id for row in left]


def _cancel(ids: Sequence[str]) -> None:
    """End the jobs of requests that were deleted while these were on their way."""
    attempts = jobs.claim_all(ids)
    jobs.finish_all(attempts, dict.fromkeys(attempts, "canceled"))


def _next(rows: Sequence[Classification]) -> tuple[list[Classification], list[Classification]]:
    """Return what is computed at once with the first of these, and what is not."""
    together: list[Classification] = []
    others: list[Classification] = []
    size = 0
    for row in rows:
        more = len(row.inputs or ()) * (EXPLAINED if row.explain else 1)
        is_same = (row.model, row.version) == (rows[0].model, rows[0].version)
        if together and not (is_same and size + more <= TOGETHER):
            others.append(row)
        else:
            together.append(row)
            size += more
    return together, others


def _answer(rows: Sequence[Classification], models: LoadedModels) -> None:
    attempts = jobs.claim_all([row.id for row in rows])
    claimed = [row for row in rows if row.id in attempts]
    spent = [row for row in claimed if attempts[row.id] > jobs.ATTEMPTS]
    trying = [row for row in claimed if attempts[row.id] <= jobs.ATTEMPTS]
    replies = [*map(_given_up, spent), *_computed(trying, models)]
    if replies:
        _keep(replies, attempts)


def _given_up(row: Classification) -> dict[str, Any]:
    return inference.refusal(
        row.id, Unavailable("The worker stopped several times while answering this.", retry_after=1)
    )


def _computed(rows: Sequence[Classification], models: LoadedModels) -> list[dict[str, Any]]:
    if not rows:
        return []
    requests = [{"id": row.id, "inputs": row.inputs, "top_k": row.top_k, "explain": row.explain} for row in rows]
    return inference.answer_together(requests, model=rows[0].model, version=rows[0].version, models=models)


def _keep(replies: Sequence[Mapping[str, Any]], attempts: Mapping[str, int]) -> None:
    """Settle these together, or else each alone: one that the database refuses takes no other with it.

    That one is tried again when its lease has run out.
    """
    try:
        _settle(replies, attempts)
    except OperationalError:  # The database is away, and would be for each of them.
        raise
    except DatabaseError:
        if len(replies) == 1:
            log.exception("the answer to %s cannot be kept", replies[0]["id"])
            return
        for reply in replies:
            _keep([reply], attempts)


@transaction.atomic
def _settle(replies: Sequence[Mapping[str, Any]], attempts: Mapping[str, int]) -> None:
    """Finish the jobs of these, and keep the replies of those that nobody else has taken over meanwhile."""
    outcomes = {reply["id"]: "failed" if reply.get("error") else "succeeded" for reply in replies}
    finished = jobs.finish_all(attempts, outcomes)
    results.settle([reply for reply in replies if reply["id"] in finished])
