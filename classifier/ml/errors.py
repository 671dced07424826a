"""What can be wrong with a customer's table, inputs or stored model.

* MlError
  + TableRejected      a table nothing can be trained on
  + InputsRejected     inputs that a model cannot classify
  + ArtefactDamaged    a stored model that is not, byte for byte, what was saved
  + EncoderMissing     a model that needs a sentence encoder which is not there
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason to refuse. The header is row 1, as in a spreadsheet; `detail` says what to do."""

    row: int | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One input of a request that cannot be classified; `index` counts from 0."""

    index: int
    code: str
    detail: str


class MlError(Exception):
    """Base class of everything this package raises on purpose."""


class TableRejected(MlError):
    """Nothing can be trained on this table; `problems` says why, row by row."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(_sentence(problem) for problem in self.problems))


class InputsRejected(MlError):
    """At least one input cannot be classified; `problems` names each by its index."""

    def __init__(self, problems: Sequence[InputProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"input {p.index}: {p.detail}" for p in self.problems))


class ArtefactDamaged(MlError):
    """The stored model is not what was saved. Restore its files from a backup, or train the model again."""


class EncoderMissing(MlError):
    """A sentence encoder is not there, or what it runs with is not installed."""


class ProblemList:
    """Gathers problems while a file is read: the first 20 in full, the others as a count."""

    LISTED = 20

    def __init__(self) -> None:
        self._listed: list[Problem] = []
        self._count = 0

    def add(self, row: int | None, code: str, detail: str) -> None:
        self._count += 1
        if len(self._listed) < self.LISTED:
            self._listed.append(Problem(row, code, detail))

    def refuse(self) -> None:
        """Raise TableRejected if there is any problem."""
        if not self._count:
            return
        more = self._count - len(self._listed)
        rest = [Problem(None, "more_problems", f"There are {more:,} more problems like these.")] if more else []
        raise TableRejected([*self._listed, *rest])


def rejected(row: int | None, code: str, detail: str) -> TableRejected:
    """The refusal of a table for one reason."""
    return TableRejected([Problem(row, code, detail)])


def _sentence(problem: Problem) -> str:
    return problem.detail if problem.row is None else f"row {problem.row}: {problem.detail}"
