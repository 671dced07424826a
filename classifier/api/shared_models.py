"""Shared models in the shapes of an organisation's own; what is the operator's affair is null or empty."""

from typing import Any

from rest_framework.fields import DateTimeField

from tenants.models import SharedModel

# A shared model follows nothing that a customer could know of.
FOLLOWING = ("follow", "follow_rows", "follow_every_days", "follow_dataset", "offered_dataset")


def as_model(shared: SharedModel) -> dict[str, Any]:
    return {
        "id": shared.model,
        "object": "model",
        "created_at": _instant(shared),
        "name": shared.full_name,
        "shared": True,
        "policy": None,
        **dict.fromkeys(FOLLOWING),
        "champion": shared.number,
        "kind": shared.kind,
        "columns": shared.schema["features"],
        "labels": shared.labels,
        "created_by": "operator",
    }


def as_version(shared: SharedModel) -> dict[str, Any]:
    return {
        "id": shared.id,
        "object": "model_version",
        "created_at": _instant(shared),
        "model": shared.full_name,
        "version": shared.number,
        "kind": shared.kind,
        "dataset": None,
        "dataset_sha256": "",
        "labels": shared.labels,
        "metrics": shared.metrics,
        "parameters": {},
        "seconds": shared.seconds,
        "sha256": shared.sha256,
        "mlflow_version": None,
        "threshold": shared.threshold,
        "goal": None,
        "scope_refused": shared.scope_refused,
        "scope_rows": None,
        "verdict": "Published by the operator.",
        "created_by": "operator",
    }


def _instant(shared: SharedModel) -> Any:
    return DateTimeField().to_representation(shared.created_at)
