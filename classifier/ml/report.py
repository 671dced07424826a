"""What is wrong with a data set, before anything is trained on it.

Every check is linear in the cells, and every finding names rows as the user counts them: the header is row 1.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from . import cells
from .grams import TEXT_LENGTH
from .rows import Cell, Table
from .schema import Column, Schema, is_identifier
from .split import content_hash

Finding = dict[str, Any]

_LISTED = 20
_FEW = 10
_MOSTLY = 0.5
_LEAK = 0.98
_LEAK_BINS = 100
_DOMINANT = 0.9
_WORD = re.compile(r"\w+")
_REPEATED = (
    ("duplicate_rows", "info", "These rows repeat an earlier row and its label."),
    (
        "conflicting_labels",
        "warning",
        "These rows repeat an earlier row with another label; decide on one of the two.",
    ),
    (
        "near_duplicates",
        "warning",
        "These rows say nearly the same as an earlier row of another label; check both.",
    ),
)


def report(table: Table, schema: Schema) -> dict[str, Any]:
    """Counts and findings as plain JSON values.

    {"rows": …, "labels": {label: rows}, "balance": 0 … 1, "findings": [{"code", "severity", "detail", "rows",
    "count", "column"?, "label"?}]}. `balance` is the entropy of the labels over that of equally frequent
    ones. `rows` has at most 20 numbers. A severity is "warning" where the model will suffer, "info" where
    something is only left out.
    """
    labels = [None if cell is None else cell.strip() for cell in table.column(schema.label)]
    counts = Counter(label for label in labels if label is not None)
    findings = [
        *_incomplete_rows(table, schema, labels),
        *_repeated_rows(table, schema, labels),
        *_label_findings(table, counts),
        *_column_findings(table, schema),
        *_leaks(table, schema, labels),
    ]
    return {
        "rows": len(table.rows),
        "labels": dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
        "balance": round(_balance(list(counts.values())), 4),
        "findings": findings,
    }


def _finding(table: Table, code: str, severity: str, detail: str, rows: Sequence[int], **about: str) -> Finding:
    numbers = [table.number(row) for row in rows[:_LISTED]]
    return {
        "code": code,
        "severity": severity,
        "detail": detail,
        "rows": numbers,
        "count": len(rows),
        **about,
    }


def _incomplete_rows(table: Table, schema: Schema, labels: Sequence[Cell]) -> Iterator[Finding]:
    places = _places(table, schema)
    empty = [i for i, row in enumerate(table.rows) if all(row[place] is None for place in places)]
    unlabelled = [i for i, label in enumerate(labels) if label is None]
    if empty:
        detail = "These rows are empty beside their label; they are left out."
        yield _finding(table, "empty_rows", "info", detail, empty)
    if unlabelled:
        yield _finding(table, "missing_labels", "info", "These rows have no label; they are left out.", unlabelled)


def _repeated_rows(table: Table, schema: Schema, labels: Sequence[Cell]) -> Iterator[Finding]:
    """Rows that repeat an earlier row up to case and spacing, or nearly: up to signs and word order."""
    names = [column.name for column in schema.features]
    places = _places(table, schema)
    same: dict[int, tuple[int, Cell]] = {}
    similar: dict[int, tuple[int, Cell]] = {}
    found: dict[str, list[int]] = defaultdict(list)
    for index, label in enumerate(labels):
        values = [table.rows[index][place] for place in places]
        if label is None or not any(values):
            continue
        content = content_hash(dict(zip(names, values, strict=True)))
        first, first_label = same.setdefault(content, (index, label))
        _, near_label = similar.setdefault(_near_key(values), (index, label))
        if first_label != label:
            found["conflicting_labels"].append(index)
        elif first != index:
            found["duplicate_rows"].append(index)
        elif near_label != label:
            found["near_duplicates"].append(index)
    for code, severity, detail in _REPEATED:
        if found[code]:
            yield _finding(table, code, severity, detail, found[code])


def _near_key(values: Sequence[Cell]) -> int:
    """Equal for rows that have the same words in each cell, without accents, case, signs and order."""
    plain = (unicodedata.normalize("NFKD", value or "").casefold() for value in values)
    return hash(tuple(tuple(sorted(_WORD.findall(value))) or value for value in plain))


def _label_findings(table: Table, counts: Counter[str]) -> Iterator[Finding]:
    for label, count in sorted(counts.items()):
        if count < _FEW:
            detail = f"The label {label!r} has {count} rows; below {_FEW} it will hardly be learned. Add rows."
            yield {**_finding(table, "rare_label", "warning", detail, [], label=label), "count": count}
    label, most = counts.most_common(1)[0]
    if most > _DOMINANT * counts.total():
        detail = f"{most / counts.total():.0%} of the rows have the label {label!r}; look at the others' recall."
        yield {**_finding(table, "dominant_label", "warning", detail, [], label=label), "count": most}


def _column_findings(table: Table, schema: Schema) -> Iterator[Finding]:
    for column in schema.ignored:
        if column.distinct <= 1:
            detail = f"The column {column.name!r} has the same value in every row; it is left out."
            yield _finding(table, "constant_column", "info", detail, [], column=column.name)
        elif schema.kind == "table" and is_identifier(column, table):
            detail = f"The column {column.name!r} only numbers the rows; it is left out."
            yield _finding(table, "identifier_column", "info", detail, [], column=column.name)
    for column in schema.features:
        if column.missing > _MOSTLY * len(table.rows):
            detail = f"The column {column.name!r} is empty in {column.missing / len(table.rows):.0%} of the rows."
            yield _finding(table, "mostly_missing", "info", detail, [], column=column.name)
        yield from _odd_cells(table, column)


def _odd_cells(table: Table, column: Column) -> Iterator[Finding]:
    values = table.column(column.name)
    parse = {"number": cells.number, "datetime": cells.instant}.get(column.type)
    if parse:
        odd = [i for i, v in enumerate(values) if v is not None and parse(v) is None and not cells.is_placeholder(v)]
        detail = f"These cells of {column.name!r} are no {column.type}; they are taken as missing."
        if odd:
            yield _finding(table, "unparsable_cells", "warning", detail, odd, column=column.name)
    if column.type == "text":
        long = [i for i, value in enumerate(values) if value is not None and len(value) > TEXT_LENGTH]
        detail = f"These texts are longer than {TEXT_LENGTH:,} characters; the rest is not read."
        if long:
            yield _finding(table, "long_texts", "info", detail, long, column=column.name)


def _leaks(table: Table, schema: Schema, labels: Sequence[Cell]) -> Iterator[Finding]:
    """Columns that alone nearly determine the label, as a copy of it would, or a note made after it."""
    if schema.kind == "text":
        return
    known = [index for index, label in enumerate(labels) if label is not None]
    answers = [labels[index] for index in known]
    most = Counter(answers).most_common(1)[0][1] / len(answers)
    for column in schema.features:
        values = table.column(column.name)
        share = _determined([values[index] for index in known], answers, column.type == "number")
        if share >= _LEAK and share - most > (1 - most) / 2:
            detail = (
                f"The column {column.name!r} alone tells the label in {share:.1%} of the rows; leave it "
                "out if it is not known when a new row is classified."
            )
            yield _finding(table, "leaking_column", "warning", detail, [], column=column.name)


def _determined(values: Sequence[Cell], labels: Sequence[Cell], numeric: bool) -> float:
    """How often a label is the usual one of the other rows with its value; 0 where most are alone."""
    groups: dict[Any, Counter[Cell]] = defaultdict(Counter)
    for value, label in zip(_binned(values) if numeric else values, labels, strict=True):
        groups[value][label] += 1
    peers = sum(group.total() - 1 for group in groups.values())
    right = sum(max(group.values()) - 1 for group in groups.values())
    return right / peers if peers > _MOSTLY * len(labels) else 0.0


def _binned(values: Sequence[Cell]) -> list[int]:
    """The hundredth of the column that a number falls into; missing numbers make a bin of their own."""
    parsed = (None if value is None else cells.number(value) for value in values)
    numbers = np.array([np.nan if number is None else number for number in parsed])
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return [-1] * len(values)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _LEAK_BINS + 1)))
    bins = np.where(np.isnan(numbers), -1, np.searchsorted(edges, numbers, side="right"))
    return [int(place) for place in bins]


def _balance(counts: Sequence[int]) -> float:
    if len(counts) <= 1:
        return 0.0
    shares = [count / sum(counts) for count in counts]
    return -sum(share * math.log(share) for share in shares) / math.log(len(counts))


def _places(table: Table, schema: Schema) -> list[int]:
    return [table.names.index(column.name) for column in schema.features]
