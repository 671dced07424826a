"""Looking through a data set's rows in their order, plain or behind one cell of a confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.lookups import IContains

from classifier import evaluated
from classifier.evaluated import Behind
from classifier.models import Dataset, ModelVersion, Row

# So many rows of a page are looked through for some words; the next page goes on after them.
SEARCHED = 50_000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which rows are looked for. What is left out does not matter."""

    label: str | None = None
    # What a version said of the row; `model` says whose version, where several were trained on these rows.
    predicted: str | None = None
    model: str | None = None
    # Words that stand in a column of texts.
    words: str = ""
    numbers: Sequence[int] = ()


@dataclass(frozen=True)
class Page:
    """Some rows. There may be more after the row `last`, which is None at the end."""

    rows: Sequence[Row | Behind]
    last: int | None


def page(dataset: Dataset, wanted: Wanted, *, after: int = 0, size: int) -> Page:
    """Return the first `size` of the rows that are wanted, of those whose number is larger than `after`."""
    found = _chosen(dataset, wanted).filter(number__gt=after).order_by("number")
    if wanted.words:
        found = found.filter(number__lte=after + SEARCHED)
    some = list(found[: size + 1])
    shown = some[:size]
    if len(some) > size:
        last = shown[-1].number
    else:
        last = after + SEARCHED if wanted.words and _has_rows_after(dataset, after + SEARCHED) else None
    return Page(shown if wanted.predicted is None else evaluated.behind(dataset, shown), last)


def evaluated_by(dataset: Dataset, model: str | None = None) -> ModelVersion | None:
    """Return the champion that was trained on these rows, else the newest version that was."""
    versions = ModelVersion.objects.filter(dataset=dataset).select_related("model")
    if model is not None:
        versions = versions.filter(model__name=model)
    trained = list(versions.order_by("-created_at"))
    champions = [version for version in trained if version.model.champion_id == version.id]
    return next(iter(champions or trained), None)


def searched_columns(dataset: Dataset) -> list[str]:
    """Return the names of the columns in which words are looked for."""
    features = (dataset.schema or {}).get("features", [])
    return [column["name"] for column in features if column["type"] == "text"]


def _chosen(dataset: Dataset, wanted: Wanted) -> QuerySet[Any]:
    rows = Row.objects.filter(dataset=dataset)
    if wanted.words:
        rows = rows.filter(_contain(wanted.words, searched_columns(dataset)))
    if wanted.numbers:
        rows = rows.filter(number__in=wanted.numbers)
    if wanted.predicted is not None:
        version = evaluated_by(dataset, wanted.model)
        said = evaluated.find(version, label=wanted.label, predicted=wanted.predicted)
        return said.filter(number__in=rows.values("number")) if wanted.words or wanted.numbers else said
    return rows if wanted.label is None else rows.filter(label=wanted.label)


def _contain(words: str, columns: Sequence[str]) -> Q:
    # Not a lookup through the JSON field: that takes a column called `7` for a place in a list.
    either = Q(pk__in=[])
    for name in columns:
        cell = Func(F("inputs"), Value(name), function="jsonb_extract_path_text", output_field=TextField())
        either |= Q(IContains(cell, words))
    return either


def _has_rows_after(dataset: Dataset, number: int) -> bool:
    return Row.objects.filter(dataset=dataset, number__gt=number).exists()
