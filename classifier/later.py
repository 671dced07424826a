"""Requests that are answered later: their inputs are rows before anybody is told that they were accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from classifier import kinds, results, versions
from classifier.models import Classification
from classifier.queues import LATER
from classifier.results import Keeping
from tenants import jobs
from tenants.errors import NotFound, TenantError

KIND = kinds.CLASSIFICATION
DEFAULT_KEEPING = Keeping()


@dataclass(frozen=True, kw_only=True)
class Later:
    """A request that is answered later."""

    model: str
    version: int
    inputs: Sequence[Any]
    top_k: int
    explain: bool
    api_key: str
    keeping: Keeping = DEFAULT_KEEPING


def accept(later: Later) -> Classification:
    """Keep a request that is answered later. Raises NotFound for a version that there is not."""
    (accepted,) = accept_all([later])
    if isinstance(accepted, TenantError):
        raise accepted
    return accepted


def accept_all(together: Sequence[Later]) -> list[Classification | TenantError]:
    """Keep requests that are answered later, and return what is kept of each, or its error: a version there is not.

    Their inputs are rows before anybody is told that they were accepted.
    """
    missing = _missing({(later.model, later.version) for later in together})
    now = timezone.now()
    answers = [missing.get((later.model, later.version)) or _row(later, now) for later in together]
    rows = [answer for answer in answers if isinstance(answer, Classification)]
    subjects = [f"{row.model}@{row.version}" for row in rows]
    if rows:
        with transaction.atomic():
            results.expect(rows)
            jobs.submit_all([row.id for row in rows], kind=KIND, queue=LATER, subjects=subjects)
    return answers


def _missing(asked: set[tuple[str, int]]) -> dict[tuple[str, int], TenantError]:
    missing: dict[tuple[str, int], TenantError] = {}
    for version in asked:
        try:
            versions.standing(*version)
        except NotFound as error:
            missing[version] = error
    return missing


def _row(later: Later, now: datetime) -> Classification:
    return Classification(
        model=later.model,
        version=later.version,
        inputs=list(later.inputs),
        keep_inputs=later.keeping.inputs,
        top_k=later.top_k,
        explain=later.explain,
        api_key=later.api_key,
        created_at=now,
        expires_at=now + later.keeping.for_later(),
    )
