"""Reading an uploaded file: CSV or JSONL, told apart by content, in whatever encoding it came.

The file is streamed and every length is bounded before it is parsed, so that a hostile file (one row of a
million columns, one cell of 100 MB) is refused early and in little memory.
"""

from __future__ import annotations

from io import TextIOWrapper
from pathlib import Path

from . import delimited, encoding, json_lines
from .errors import Problem, rejected
from .rows import Cell, Limits, Lines, Progress, Row, Table, TableBuilder

__all__ = ["Cell", "Limits", "Problem", "Row", "Table", "read"]


def read(path: Path, *, limits: Limits | None = None, progress: Progress | None = None) -> Table:
    """The table in a CSV or JSONL file.

    `progress` is called with the share of the file that has been read, 0 to 1. Raises TableRejected with the
    row numbers and reasons, at most 20 of them and then a count.
    """
    limits = limits or Limits()
    character_set = encoding.detect(path)
    with path.open("rb") as raw:
        file = TextIOWrapper(raw, encoding=character_set, newline="")
        lines = Lines(file, path.stat().st_size, limits, progress)
        table = _parse(lines, TableBuilder(limits))
    if progress:
        progress(1.0)
    return table


def _parse(lines: Lines, builder: TableBuilder) -> Table:
    first = next((line for line in lines if not line.isspace()), "")
    if not first:
        raise rejected(None, "empty_file", "The file is empty; upload a file with a header and rows.")
    start = first.lstrip()
    if start.startswith(("[{", "[\n", "[\r")) or start.strip() == "[":
        detail = "The file is a JSON list; write one object a line (JSONL), without the brackets around them."
        raise rejected(1, "json_list", detail)
    if start.startswith("{"):
        return json_lines.parse(first, lines, builder)
    return delimited.parse(first, lines, builder)
