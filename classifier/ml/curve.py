"""What follows from keeping silent: the curve that a threshold is chosen from, and the threshold for a goal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .scoring import wilson
from .silence import DECIMALS

POINTS = 101


@dataclass(frozen=True, slots=True)
class Point:
    """What follows from a threshold: of the tested rows `rows` are answered, that is the share `answered`.

    Of those the share `accuracy` is right; `low` and `high` are its 95 % interval (Wilson 1927).
    """

    threshold: float
    rows: int
    answered: float
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The points from the lowest threshold, 0, at which everything is answered, to the highest that answers a row."""

    points: tuple[Point, ...]

    @classmethod
    def of(cls, confidences: Sequence[float] | NDArray[np.float64], right: Sequence[bool] | NDArray[np.bool_]) -> Curve:
        """From the confidences of tested rows (rows,) and whether each was right (rows,); empty without a row.

        Rows of the same confidence are answered together or not at all, so there is a point for each confidence.
        """
        rounded = np.asarray(confidences, dtype=np.float64).round(DECIMALS)
        order = np.argsort(-rounded, kind="stable")
        hits = np.asarray(right, dtype=bool)[order].cumsum()
        levels, counts = np.unique(-rounded, return_counts=True)
        rows = counts.cumsum()
        points = [
            _point(float(-level), number, int(hits[number - 1]), len(rounded))
            for level, number in zip(levels, rows.tolist(), strict=True)
        ]
        return cls(tuple(reversed(points)))

    def at(self, threshold: float) -> Point | None:
        """The point that this threshold leads to; None where it leaves no row to answer."""
        return next((point for point in self.points if point.threshold >= threshold), None)

    def threshold_for(self, goal: float) -> Point | None:
        """The lowest threshold at which the answers given reach the goal; None where none does.

        It is the interval's lower end that has to reach the goal, so that a few rows that all came out right
        promise no more than a few rows can.
        """
        return next((point for point in self.points if point.low >= goal), None)

    @property
    def best(self) -> Point | None:
        """The point at which most can be promised; of equal ones that which answers the most."""
        return max(self.points, key=lambda point: point.low, default=None)

    def thinned(self, number: int = POINTS) -> tuple[Point, ...]:
        """At most so many of the points, at even steps of the share that is answered; both ends are among them."""
        if len(self.points) <= number:
            return self.points
        shares = np.array([-point.answered for point in self.points])
        wanted = np.linspace(shares[0], shares[-1], number)
        places = np.minimum(np.searchsorted(shares, wanted), len(shares) - 1)
        return tuple(self.points[place] for place in np.unique(places))


def _point(threshold: float, rows: int, hits: int, total: int) -> Point:
    low, high = wilson(hits, rows)
    return Point(0.0 if rows == total else threshold, rows, rows / total, hits / rows, low, high)
