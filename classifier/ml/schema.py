"""What the columns of a table are: which one is the label, and what kind of value the others hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from . import cells
from .errors import TableRejected, rejected
from .rows import Cell, Table

ColumnType = Literal["text", "number", "category", "boolean", "datetime"]
Kind = Literal["text", "table"]
Inputs = Sequence[Any]

LABEL_NAMES = ("label", "class", "target", "category", "intent")

_EXAMPLES = 3
_EXAMPLE_LENGTH = 80
# A column is numbers (or dates) although one cell in a hundred is not: typing errors are reported, not
# followed.
_TOLERATED = 0.01
# From so many cells on, one of another kind is a typing error too.
_FEW_CELLS = 10
_SHORT_WORDS = 4
_SHORT_LENGTH = 40
_FEW_ROWS = 20
# Nobody deals out numbers of more digits, and Python makes no number of some thousand.
_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the kind of value in it, its missing cells, how many different values there are."""

    name: str
    type: ColumnType
    missing: int
    distinct: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """What a model is fed with. A text model has one feature, whose inputs are plain strings.

    `ignored` are columns of the table that are neither label nor feature: with `text` given all the others,
    else those that are constant or only number the rows.
    """

    label: str
    kind: Kind
    features: tuple[Column, ...]
    ignored: tuple[Column, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Schema:
        features, ignored = (
            tuple(Column(**{**column, "examples": tuple(column["examples"])}) for column in data[part])
            for part in ("features", "ignored")
        )
        return cls(data["label"], data["kind"], features, ignored)

    def inputs(self, rows: Sequence[Mapping[str, Cell]]) -> Inputs:
        """The rows as a model's inputs: strings for a text model, the mappings themselves for a table."""
        if self.kind == "table":
            return rows
        name = self.features[0].name
        return [row.get(name) or "" for row in rows]


def infer(table: Table, *, label: str | None = None, text: str | None = None) -> Schema:
    """The schema of a table.

    The label is the column of that name, else the one called label, class, target, category or intent, else
    the last. With `text`, that column alone is the feature. Without, the model is a text model when the only
    feature left is of type text. Raises TableRejected when nothing can be trained on the table.
    """
    label_name = _label_name(table, label)
    columns = [describe(name, table.column(name)) for name in table.names if name != label_name]
    found = _table_schema(table, label_name, columns) if text is None else _text_schema(label_name, columns, text)
    _check_labels(table, found)
    return found


def examples(table: Table, schema: Schema) -> tuple[list[dict[str, Cell]], list[str], list[int]]:
    """The rows that can be learned from, those with a label and any feature; their labels; their numbers."""
    label = table.names.index(schema.label)
    places = [(column.name, table.names.index(column.name)) for column in schema.features]
    rows, labels, numbers = [], [], []
    for index, row in enumerate(table.rows):
        inputs = {name: row[place] for name, place in places}
        answer = row[label]
        if answer is not None and any(cell is not None for cell in inputs.values()):
            rows.append(inputs)
            labels.append(answer.strip())
            numbers.append(table.number(index))
    return rows, labels, numbers


def describe(name: str, column: Sequence[Cell]) -> Column:
    """The type of a column and what is worth knowing about it; linear in its length."""
    counts = Counter(column)
    missing = counts.pop(None, 0)
    values: dict[str, int] = {cell: count for cell, count in counts.items() if cell is not None}
    shown = tuple(value[:_EXAMPLE_LENGTH] for value in list(values)[:_EXAMPLES])
    return Column(name, _type(values), missing, len(values), shown)


def is_useless(column: Column, table: Table) -> bool:
    """Whether a column tells nothing that holds for other rows: constant, empty, or a number for each row."""
    return column.distinct <= 1 or is_identifier(column, table)


def is_identifier(column: Column, table: Table) -> bool:
    """Whether every row has a value of its own that looks dealt out: a running number, or a code."""
    present = len(table.rows) - column.missing
    if column.distinct < present or present < _FEW_ROWS:
        return False
    values = [cell.strip() for cell in table.column(column.name) if cell is not None]
    if column.type == "number":
        whole = all(value.isdecimal() and len(value) <= _DIGITS for value in values)
        return whole and _is_dense([int(value) for value in values])
    if column.type not in {"text", "category"}:
        return False
    return all(value.isascii() and any(map(str.isdigit, value)) and len(value.split()) == 1 for value in values)


def _is_dense(numbers: Sequence[int]) -> bool:
    return max(numbers) - min(numbers) < 2 * len(numbers)


def _label_name(table: Table, wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in table.names:
            names = ", ".join(table.names[:20])
            raise rejected(1, "label_not_found", f"There is no column {wanted!r}; the columns are: {names}.")
        return wanted
    by_lower_case = {name.casefold(): name for name in reversed(table.names)}
    return next((by_lower_case[name] for name in LABEL_NAMES if name in by_lower_case), table.names[-1])


def _check_labels(table: Table, schema: Schema) -> None:
    """Only the rows that can be learned from count."""
    label = table.names.index(schema.label)
    places = [table.names.index(column.name) for column in schema.features]
    learnable = (row for row in table.rows if any(row[place] is not None for place in places))
    counts = Counter(cell.strip() for row in learnable if (cell := row[label]) is not None)
    if len(counts) <= 1:
        found = f"only {next(iter(counts))!r}" if counts else "none"
        detail = f"The label column {schema.label!r} holds {found}; a classifier needs at least two labels."
        raise rejected(None, "one_label", detail)
    if max(counts.values()) <= 1:
        detail = f"Every value of the label column {schema.label!r} stands in one row only; is it really the label?"
        raise rejected(None, "labels_never_repeat", detail)


def _table_schema(table: Table, label: str, columns: Sequence[Column]) -> Schema:
    if not columns:
        raise rejected(1, "no_feature", "There is no column beside the label; add a text or other columns.")
    features = tuple(c for c in columns if not is_useless(c, table)) if len(columns) > 1 else tuple(columns)
    if not any(column.distinct > 1 for column in features):
        raise rejected(None, "no_feature", "No column beside the label tells rows apart; add columns that do.")
    ignored = tuple(column for column in columns if column not in features)
    kind: Kind = "text" if [column.type for column in features] == ["text"] else "table"
    return Schema(label, kind, features, ignored)


def _text_schema(label: str, columns: Sequence[Column], text: str) -> Schema:
    chosen = [column for column in columns if column.name == text]
    if not chosen:
        raise _no_text(text, columns)
    as_text = replace(chosen[0], type="text")
    if as_text.distinct <= 1:
        raise rejected(None, "no_feature", f"All cells of the text column {text!r} are the same; add other rows.")
    return Schema(label, "text", (as_text,), tuple(column for column in columns if column.name != text))


def _no_text(text: str, columns: Sequence[Column]) -> TableRejected:
    names = ", ".join(column.name for column in columns[:20])
    return rejected(1, "text_not_found", f"There is no column {text!r} beside the label; there are: {names}.")


def _type(values: Mapping[str, int]) -> ColumnType:
    """`values` counts the cells of each different value."""
    if not values:
        return "category"
    known = {value: count for value, count in values.items() if not cells.is_placeholder(value)}
    if all(cells.boolean(value) is not None for value in values):
        return "boolean"
    if _mostly(known, cells.number):
        return "number"
    if _mostly(known, cells.instant):
        return "datetime"
    return "category" if _is_category(values) else "text"


def _mostly(values: Mapping[str, int], parse: Callable[[str], object]) -> bool:
    if not values:
        return False
    wrong = sum(count for value, count in values.items() if parse(value) is None)
    cells_in_all = sum(values.values())
    return wrong <= max(_TOLERATED * cells_in_all, cells_in_all >= _FEW_CELLS)


def _is_category(values: Mapping[str, int]) -> bool:
    """Short values, each of which stands in two rows or more on average."""
    if len(values) * 2 > sum(values.values()):
        return False
    words = sum(len(value.split()) for value in values) / len(values)
    length = sum(map(len, values)) / len(values)
    return words <= _SHORT_WORDS and length <= _SHORT_LENGTH
