import math
from dataclasses import dataclass

MISSED, FLOOR, GOAL = "missed", "floor", "goal"


@dataclass(frozen=True)
class Wanted:
    """What a number must reach, and what it should."""

    sign: str
    floor: float
    goal: float | None = None

    def verdict(self, value: float) -> str:
        if math.isnan(value):
            return ""
        if self.goal is not None and self._reaches(value, self.goal):
            return GOAL
        return (FLOOR if self.goal is not None else GOAL) if self._reaches(value, self.floor) else MISSED

    def _reaches(self, value: float, bound: float) -> bool:
        return value <= bound if self.sign == "≤" else value >= bound

    def __str__(self) -> str:
        return f"{self.sign} {self.floor:g}" + ("" if self.goal is None else f" / {self.goal:g}")


def at_most(floor: float, goal: float | None = None) -> Wanted:
    return Wanted("≤", floor, goal)


def at_least(floor: float, goal: float | None = None) -> Wanted:
    return Wanted("≥", floor, goal)


@dataclass(frozen=True)
class Row:
    """One number, and what it is wanted to be."""

    what: str
    value: float
    unit: str
    wanted: Wanted | None = None

    @property
    def verdict(self) -> str:
        return self.wanted.verdict(self.value) if self.wanted else ""

    @property
    def shown(self) -> str:
        """The value with three digits that say something, or a dash for what could not be measured."""
        if math.isnan(self.value):
            return "–"
        digits = 0 if abs(self.value) >= 100 else 1 if abs(self.value) >= 10 else 2
        return f"{self.value:,.{digits}f}"

    def __str__(self) -> str:
        wanted = f"{self.wanted}  {self.verdict}" if self.wanted else ""
        return f"{self.what:75} {self.shown:>10} {self.unit:10} {wanted}".rstrip()
