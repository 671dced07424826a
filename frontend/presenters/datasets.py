"""What a page shows of a data set."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any
from urllib.parse import urlencode

from classifier.models import Dataset

# Of more labels than both together, the page shows these.
MOST, FEWEST = 8, 4
# Rows that were not taken in, so that there is nothing to look at.
LEFT_OUT = {"empty_rows", "missing_labels"}
NUMBERS = 8


@dataclass(frozen=True)
class LabelCount:
    label: str
    rows: int
    # Of all rows, and of those of the most frequent label.
    share: float
    height: float


@dataclass(frozen=True)
class Balance:
    """The labels by their rows: all of them as `most`, or the ends of the list."""

    count: int
    most: Sequence[LabelCount]
    fewest: Sequence[LabelCount]
    between: int


@dataclass(frozen=True)
class Finding:
    """Something in the rows that one should know. `query` leads to the rows that it names."""

    severity: str
    detail: str
    where: str
    query: str


def label_counts(dataset: Dataset) -> list[LabelCount]:
    """Return the labels of a data set, the most frequent first, with their share of its rows."""
    total = sum(dataset.labels.values()) or 1
    highest = max(dataset.labels.values(), default=1)
    ordered = sorted(dataset.labels.items(), key=lambda item: (-item[1], item[0]))
    return [LabelCount(label, rows, rows / total, rows / highest) for label, rows in ordered]


def balance(dataset: Dataset, *, whole: bool = False) -> Balance:
    counts = label_counts(dataset)
    if whole or len(counts) <= MOST + FEWEST:
        return Balance(len(counts), counts, (), 0)
    return Balance(len(counts), counts[:MOST], counts[-FEWEST:], len(counts) - MOST - FEWEST)


def findings(dataset: Dataset) -> list[Finding]:
    """Return what the report found, what the model will suffer from first."""
    found = (dataset.report or {}).get("findings", [])
    return [_finding(each) for each in sorted(found, key=lambda each: each["severity"] != "warning")]


def header(dataset: Dataset) -> str:
    """Return the columns of the data set as the first line of a CSV."""
    line = StringIO()
    csv.writer(line, lineterminator="").writerow(columns(dataset))
    return line.getvalue()


def columns(dataset: Dataset) -> list[str]:
    """Return the names of the columns that rows to add may have, the label last."""
    schema = dataset.schema or {"features": [], "label": "label"}
    return [*(column["name"] for column in schema["features"]), schema["label"]]


def _finding(found: Mapping[str, Any]) -> Finding:
    numbers, count = found["rows"], found["count"]
    shown = ", ".join(map(str, numbers[:NUMBERS]))
    where = f"{shown}, … ({count:,} in all)" if count > len(numbers[:NUMBERS]) else shown
    if "label" in found:
        return Finding(found["severity"], found["detail"], f"“{found['label']}”", urlencode({"label": found["label"]}))
    leads_somewhere = numbers and found["code"] not in LEFT_OUT
    query = urlencode({"numbers": ",".join(map(str, numbers))}) if leads_somewhere else ""
    return Finding(found["severity"], found["detail"], where if numbers else "", query)
