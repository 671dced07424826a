"""What it means that a version keeps silent, in words."""

from dataclasses import dataclass

from classifier import silencing
from classifier.ml.curve import Point
from classifier.models import ModelVersion

GOALS = (0.9, 0.95, 0.98, 0.99)


@dataclass(frozen=True)
class Promise:
    """A goal, and where it can be reached the point of the curve at which it is."""

    goal: float
    point: Point | None


def promises(version: ModelVersion) -> list[Promise]:
    """Return what can be promised, before anything is set."""
    curve = silencing.curve(version)
    return [Promise(goal, curve.threshold_for(goal)) for goal in GOALS]
