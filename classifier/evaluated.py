"""The rows behind a version's numbers: each held-out row with what the version's twin said of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Case, Count, F, FloatField, IntegerField, QuerySet, Value, When
from django.db.models.functions import Cast, Floor, Least

from classifier.models import Dataset, EvaluatedRow, ModelVersion, Row

BINS = 10
RIGHT = When(predicted=F("label"), then=Value(1.0))


@dataclass(frozen=True)
class Behind:
    """A row of the data set and its answer; `inputs` is None where the data set is deleted."""

    number: int
    label: str
    predicted: str
    confidence: float
    inputs: Mapping[str, Any] | None
    held_out: bool

    @property
    def is_right(self) -> bool:
        return self.label == self.predicted


@dataclass(frozen=True)
class Bin:
    """The rows that were answered with a confidence from `low` on: how sure the answers were, how many were right."""

    low: float
    rows: int
    confidence: float
    accuracy: float


def find(
    version: ModelVersion | None, *, label: str | None = None, predicted: str | None = None, only_wrong: bool = False
) -> QuerySet[Any]:
    """Return the evaluated rows, of one cell of the confusion matrix where both labels are named.

    `wrongness` orders them: a wrong answer is the worse the surer it was, a right one the better.
    """
    rows = EvaluatedRow.objects.filter(version=version)
    if label is not None:
        rows = rows.filter(label=label)
    if predicted is not None:
        rows = rows.filter(predicted=predicted)
    if only_wrong:
        rows = rows.exclude(predicted=F("label"))
    return rows.annotate(wrongness=Case(When(predicted=F("label"), then=-F("confidence")), default=F("confidence")))


def behind(dataset: Dataset | None, said: Iterable[EvaluatedRow]) -> list[Behind]:
    """Return the answers in their order, each with its row of the data set that they were computed on."""
    said = list(said)
    rows = Row.objects.filter(dataset=dataset, number__in=[each.number for each in said]) if dataset else ()
    known = {row.number: row for row in rows}
    return [_behind(each, known.get(each.number)) for each in said]


def reliability(version: ModelVersion) -> list[Bin]:
    """Return the tested rows by how sure their answers were, in steps of a tenth; empty steps are left out."""
    step = Least(Cast(Floor(F("confidence") * BINS), IntegerField()), Value(BINS - 1))
    right = Avg(Case(RIGHT, default=Value(0.0), output_field=FloatField()))
    found = (
        EvaluatedRow.objects.filter(version=version)
        .values(step=step)
        .annotate(rows=Count("id"), sure=Avg("confidence"), right=right)
        .order_by("step")
    )
    return [Bin(each["step"] / BINS, each["rows"], each["sure"], each["right"]) for each in found]


def _behind(said: EvaluatedRow, row: Row | None) -> Behind:
    inputs, held_out = (row.inputs, row.held_out) if row else (None, False)
    return Behind(said.number, said.label, said.predicted, said.confidence, inputs, held_out)
