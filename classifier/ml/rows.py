"""A table in memory, and the bounded reading of its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper

from .errors import ProblemList, rejected

Cell = str | None
Row = tuple[Cell, ...]
Progress = Callable[[float], None]

_LINES_PER_REPORT = 4096
# Longer cells are rarely repeated, and a full pool means that the column does not repeat itself.
_SHARED_LENGTH = 32
_SHARED_CELLS = 200_000
_FIRST = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may hold. `cell` and `line` are in characters; `rows` does not count the header."""

    rows: int = 1_000_000
    columns: int = 1_000
    cell: int = 100_000
    line: int = 2_000_000
    cells: int = 50_000_000


@dataclass(slots=True)
class Table:
    """The cells of a file. `rows[i]` is row `i + 2` of it, unless `numbers` says otherwise (blank lines)."""

    names: tuple[str, ...]
    rows: list[Row]
    numbers: list[int] | None = None

    def number(self, index: int) -> int:
        """The number of a row as the user counts: the header is row 1."""
        return self.numbers[index] if self.numbers else index + _FIRST

    def column(self, name: str) -> list[Cell]:
        place = self.names.index(name)
        return [row[place] for row in self.rows]


class Lines(Iterator[str]):
    """The lines of a file, none longer than the limit; `has_nul` once one of them had a NUL."""

    def __init__(
        self, file: TextIOWrapper[BufferedReader], size: int, limits: Limits, progress: Progress | None
    ) -> None:
        self._file, self._size, self._limit, self._progress = file, size, limits.line, progress
        self._most_blank = limits.rows
        self.count = self._blank = 0
        self.has_nul = False

    def __next__(self) -> str:
        try:
            line = self._file.readline(self._limit + 1)
        except UnicodeDecodeError as error:
            detail = "A character cannot be read; save the file as UTF-8 and upload it again."
            raise rejected(self.count + 1, "broken_encoding", detail) from error
        if not line:
            raise StopIteration
        self.count += 1
        if len(line) > self._limit:
            detail = f"The line is longer than {self._limit:,} characters; shorten its cells or leave out columns."
            raise rejected(self.count, "line_too_long", detail)
        if line.isspace():
            self._count_blank()
        self.has_nul = self.has_nul or "\0" in line
        if self._progress and self.count % _LINES_PER_REPORT == 0:
            self._progress(self._file.buffer.tell() / self._size)
        return line

    def _count_blank(self) -> None:
        """Refuse a file that is mostly nothing, since each line of it takes its time."""
        self._blank += 1
        if self._blank > self._most_blank:
            detail = f"There are more than {self._most_blank:,} blank lines; remove them."
            raise rejected(self.count, "blank_lines", detail)


class TableBuilder:
    """Collects rows under the limits, sharing one string among equal short cells to save memory."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.problems = ProblemList()
        self.rows: list[Row] = []
        self.numbers: list[int] = []
        self._cells = 0
        self._pool: dict[str, str] = {}

    def share(self, cell: Cell) -> Cell:
        if cell is None or len(cell) > _SHARED_LENGTH:
            return cell
        if len(self._pool) < _SHARED_CELLS:
            return self._pool.setdefault(cell, cell)
        return self._pool.get(cell, cell)

    def add(self, number: int, row: Row) -> None:
        """Raises TableRejected when the table has become too large."""
        limits = self.limits
        self._cells += len(row)
        if len(self.rows) >= limits.rows:
            raise rejected(number, "too_many_rows", f"A data set may have {limits.rows:,} rows; split the file.")
        if self._cells > limits.cells:
            detail = f"A data set may have {limits.cells:,} cells; leave out columns or split the file."
            raise rejected(number, "too_many_cells", detail)
        self.rows.append(row)
        self.numbers.append(number)

    def table(self, names: tuple[str, ...]) -> Table:
        """Raises TableRejected with every problem that was met on the way."""
        self.problems.refuse()
        if not self.rows:
            raise rejected(None, "no_rows", "There is a header but no row under it; add rows.")
        contiguous = self.numbers[0] == _FIRST and self.numbers[-1] == len(self.rows) + 1
        return Table(names, self.rows, None if contiguous else self.numbers)
