"""What it means that a version keeps silent, in words."""

from dataclasses import dataclass

from classifier.ml.curve import Curve, Point

GOALS = (0.9, 0.95, 0.98, 0.99)


@dataclass(frozen=True)
class Promise:
    """A goal, and where it can be reached the point of the curve at which it is.

    `is_asked` is said of the one that a person asks about.
    """

    goal: float
    point: Point | None
    is_asked: bool

    @property
    def in_hundred(self) -> str:
        """The goal as a person types it."""
        return f"{100 * self.goal:g}"


def promises(curve: Curve, asked: float | None = None) -> list[Promise]:
    """Return what can be promised, before anything is set: of some usual goals, and of the one that is asked about."""
    goals = {*GOALS} if asked is None else {*GOALS, asked}
    return [Promise(goal, curve.threshold_for(goal), goal == asked) for goal in sorted(goals)]
