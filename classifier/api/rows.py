"""Pages of a data set's rows, plain or behind one cell of a confusion matrix. They are ordered by their number."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from classifier import evaluated
from classifier.evaluated import Behind
from classifier.models import Dataset, ModelVersion, Row
from tenants.api.pagination import limit, listed, text
from tenants.errors import InvalidInput


def page(request: Request, dataset: Dataset) -> Response:
    size, after, predicted = limit(request), _after(request), text(request, "predicted")
    if predicted is None:
        found = [_row(row) for row in _of_label(request, Row.objects.filter(dataset=dataset), after)[: size + 1]]
    else:
        cell = _of_label(request, evaluated.find(_version(request, dataset), predicted=predicted), after)
        found = [_answered(row) for row in evaluated.behind(dataset, cell[: size + 1])]
    more = len(found) > size
    return listed(found[:size], cursor=str(found[size - 1]["number"]) if more else None)


def _of_label(request: Request, rows: QuerySet[Any], after: int) -> QuerySet[Any]:
    label = text(request, "label")
    chosen = rows if label is None else rows.filter(label=label)
    return chosen.filter(number__gt=after).order_by("number")


def _version(request: Request, dataset: Dataset) -> ModelVersion | None:
    """Return the champion that was trained on these rows, else the newest version that was."""
    versions = ModelVersion.objects.filter(dataset=dataset).select_related("model")
    model = text(request, "model")
    if model is not None:
        versions = versions.filter(model__name=model)
    trained = list(versions.order_by("-created_at"))
    champions = [version for version in trained if version.model.champion_id == version.id]
    return next(iter(champions or trained), None)


def _row(row: Row | Behind) -> dict[str, Any]:
    return {"number": row.number, "inputs": row.inputs, "label": row.label, "held_out": row.held_out}


def _answered(row: Behind) -> dict[str, Any]:
    return {**_row(row), "predicted": row.predicted, "confidence": row.confidence}


def _after(request: Request) -> int:
    raw = request.query_params.get("after", "0")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10):
        raise InvalidInput.field("after", "Give the number of the last row of the page before.")
    return int(raw)
