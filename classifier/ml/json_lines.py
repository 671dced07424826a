"""JSONL: one JSON object a line, whose keys are the columns."""

from __future__ import annotations

import json
from itertools import chain
from typing import NoReturn

from . import cells
from .errors import TableRejected, rejected
from .rows import Cell, Lines, Table, TableBuilder


def parse(first: str, lines: Lines, builder: TableBuilder) -> Table:
    """The table in the lines that begin with `first`; columns in the order in which they first occur.

    Raises TableRejected.
    """
    places: dict[str, int] = {}
    for line in chain([first], lines):
        number = lines.count
        if "\0" in line:
            builder.problems.add(number, "nul_character", "The line has a NUL character in it; remove it.")
        elif not line.isspace():
            _add(line, number, places, builder)
    width = len(places)
    builder.rows = [row + (None,) * (width - len(row)) for row in builder.rows]
    return builder.table(tuple(places))


def _add(line: str, number: int, places: dict[str, int], builder: TableBuilder) -> None:
    try:
        row = _row(_object(line, number), number, places, builder)
    except TableRejected as refusal:
        for problem in refusal.problems:
            builder.problems.add(problem.row, problem.code, problem.detail)
    else:
        builder.add(number, row)


def _object(line: str, number: int) -> dict[str, object]:
    try:
        value = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        detail = "The line is not valid JSON; write one object a line, without line breaks in it."
        raise rejected(number, "broken_json", detail) from error
    if not isinstance(value, dict):
        raise rejected(number, "not_an_object", 'The line is not a JSON object; write {"column": value, …}.')
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _row(record: dict[str, object], number: int, places: dict[str, int], builder: TableBuilder) -> tuple[Cell, ...]:
    row: list[Cell] = [None] * len(places)
    for name, value in record.items():
        cell = builder.share(_cell(name, value, number, builder.limits.cell))
        place = places.get(name)
        if place is None:
            place = _new_column(name, number, places, builder.limits.columns)
            row.append(None)
        row[place] = cell
    return tuple(row)


def _new_column(name: str, number: int, places: dict[str, int], limit: int) -> int:
    if not name.strip() or not _is_storable(name):
        raise rejected(number, "bad_name", "A key is empty or holds a character that is none; name every column.")
    if len(places) >= limit:
        detail = f"There are more than {limit:,} different keys; leave out keys, or upload fewer columns."
        raise rejected(number, "too_many_columns", detail)
    places[name] = len(places)
    return places[name]


def _cell(name: str, value: object, number: int, limit: int) -> Cell:
    try:
        cell = cells.from_json(value)
    except TypeError as error:
        detail = f"{name!r} is a list or an object; write a text, a number, true, false or null."
        raise rejected(number, "nested_value", detail) from error
    if cell is not None and len(cell) > limit:
        raise rejected(number, "cell_too_long", f"{name!r} is longer than {limit:,} characters; shorten it.")
    if cell is not None and not _is_storable(cell):
        raise rejected(number, "bad_character", f"{name!r} holds a NUL or half a surrogate pair; remove it.")
    return cell


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
