"""Pages of a data set's rows, plain or behind one cell of a confusion matrix. They are ordered by their number."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from classifier import rows
from classifier.evaluated import Behind
from classifier.models import Dataset, Row
from classifier.rows import Wanted
from tenants.api.pagination import limit, listed, text
from tenants.errors import InvalidInput


def page(request: Request, dataset: Dataset) -> Response:
    wanted = Wanted(label=text(request, "label"), predicted=text(request, "predicted"), model=text(request, "model"))
    found = rows.page(dataset, wanted, after=_after(request), size=limit(request))
    cursor = None if found.last is None else str(found.last)
    return listed([_shown(row) for row in found.rows], cursor=cursor)


def _shown(row: Row | Behind) -> dict[str, Any]:
    plain = {"number": row.number, "inputs": row.inputs, "label": row.label, "held_out": row.held_out}
    return {**plain, "predicted": row.predicted, "confidence": row.confidence} if isinstance(row, Behind) else plain


def _after(request: Request) -> int:
    raw = request.query_params.get("after", "0")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10):
        raise InvalidInput.field("after", "Give the number of the last row of the page before.")
    return int(raw)
