"""CSV: which character delimits, which row is the header, and the rows below it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain, islice

from . import cells
from .errors import ProblemList, TableRejected, rejected
from .rows import Limits, Lines, Table, TableBuilder

DELIMITERS = ",;\t|"

_SAMPLE_LINES = 100
_NAME_LENGTH = 300


def parse(first: str, lines: Lines, builder: TableBuilder) -> Table:
    """The table in the delimited lines that begin with `first`. Raises TableRejected."""
    _refuse_wide(first, lines.count, builder.limits)
    header_row = lines.count
    sample = [first, *islice(lines, _SAMPLE_LINES)]
    delimiter = _delimiter(sample)
    csv.field_size_limit(builder.limits.cell)
    records = _records(csv.reader(chain(sample, lines), delimiter=delimiter, strict=True), header_row)
    _, header = next(records)
    names = _names(header, header_row, builder.limits)
    _collect(records, names, lines, builder)
    table = builder.table(names)
    _refuse_data_as_header(table, header_row)
    return table


def _refuse_wide(line: str, number: int, limits: Limits) -> None:
    """Refuse a header of far too many columns before it is split into a million strings."""
    widest = max(line.count(delimiter) for delimiter in DELIMITERS)
    if widest >= limits.columns and '"' not in line:
        raise _too_many_columns(number, widest + 1, limits)


def _too_many_columns(number: int, count: int, limits: Limits) -> TableRejected:
    detail = f"There are {count:,} columns, and a data set may have {limits.columns:,}; leave out columns."
    return rejected(number, "too_many_columns", detail)


def _delimiter(sample: list[str]) -> str:
    """The delimiter that splits the sample most evenly into the most columns; a comma when none splits it."""

    def evenness(delimiter: str) -> tuple[float, int]:
        try:
            widths = [len(record) for record in csv.reader(sample, delimiter=delimiter) if record]
        except csv.Error:
            return 0.0, 0
        if not widths or widths[0] <= 1:
            return 0.0, 0
        return widths.count(widths[0]) / len(widths), widths[0]

    return max(DELIMITERS, key=evenness)


def _records(reader: Iterator[list[str]], number: int) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each record; a blank line is counted and left out."""
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _broken_record(number, str(error)) from error
        if record:
            yield number, record
        number += 1


def _broken_record(number: int, reason: str) -> TableRejected:
    if "field limit" in reason:
        detail = "A cell is too long; shorten it, or close the quote that it opens."
        return rejected(number, "cell_too_long", detail)
    detail = 'The quotes do not match; put "" for a quote within a quoted cell, and close every quote.'
    return rejected(number, "broken_quotes", detail)


def _names(header: list[str], number: int, limits: Limits) -> tuple[str, ...]:
    if len(header) > limits.columns:
        raise _too_many_columns(number, len(header), limits)
    names = tuple(name.strip() for name in header)
    problems = ProblemList()
    for place, name in enumerate(names, 1):
        if not name:
            problems.add(number, "empty_name", f"Column {place} has no name; name every column in the header.")
        elif name in names[: place - 1]:
            problems.add(number, "duplicate_name", f"Two columns are called {name!r}; rename one of them.")
        elif len(name) > _NAME_LENGTH or "\0" in name:
            problems.add(number, "bad_name", f"Column {place} has a name that is no name; add a header row.")
    problems.refuse()
    if all(cells.number(name) is not None for name in names):
        raise rejected(number, "no_header", "Row 1 holds numbers, not names; add a header row that names the columns.")
    return names


def _collect(
    records: Iterator[tuple[int, list[str]]], names: tuple[str, ...], lines: Lines, builder: TableBuilder
) -> None:
    width = len(names)
    share, from_csv = builder.share, cells.from_csv
    for number, record in records:
        if lines.has_nul and any("\0" in cell for cell in record):
            builder.problems.add(number, "nul_character", "The row has a NUL character in it; remove it.")
        elif len(record) != width:
            detail = f"The row has {len(record):,} cells, not {width:,}; quote cells that hold the delimiter."
            builder.problems.add(number, "ragged_row", detail)
        else:
            builder.add(number, tuple([share(from_csv(cell)) for cell in record]))


def _refuse_data_as_header(table: Table, number: int) -> None:
    """A file without a header shows: the label in its first row stands further down again."""
    for place in (-1, 0):
        name = table.names[place]
        if len(table.names) > 1 and sum(row[place] == name for row in table.rows if row != table.names) > 1:
            detail = f"The row looks like data, not like a header: {name!r} is also a value. Add a header row."
            raise rejected(number, "no_header", detail)
