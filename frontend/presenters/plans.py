"""What a plan allows, in words."""

from django.template.defaultfilters import filesizeformat

from frontend.presenters.words import Figure, duration, in_words
from tenants.models import Plan

LIMITS = {
    "requests_per_minute": "Requests a minute, of one key",
    "organisation_requests_per_minute": "Requests a minute, of all keys together",
    "rows_per_month": "Rows classified in a month",
    "dataset_bytes": "Size of a data set",
    "dataset_rows": "Rows of a data set",
    "dataset_count": "Data sets",
    "model_count": "Models",
    "training_seconds": "Longest training",
    "training_bytes": "Memory of a training",
    "workers": "Trainings and files at a time",
    "infer_workers": "Workers that answer",
}


def limits(plan: Plan) -> list[Figure]:
    """Return what the plan allows, in words."""
    return [Figure(LIMITS.get(name, in_words(name)), _limit(name, limit)) for name, limit in plan.limits().items()]


def _limit(name: str, limit: int | None) -> str:
    if limit is None:
        return "no limit"
    if name.endswith("_bytes"):
        return filesizeformat(limit)
    return duration(limit) if name.endswith("_seconds") else f"{limit:,}"
