"""How servers do over the number of connections, and how one of them compares with the best of the others."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.row import Row, Wanted
from tests.bench.wrk import Load

OURS = "Assort"


@dataclass(frozen=True)
class Point:
    server: str
    load: Load


@dataclass(frozen=True)
class Figure:
    """A number of a load, and which of two is the better."""

    name: str
    of: Callable[[Load], float]
    best: Callable[[Iterable[float]], float]


FIGURES = (
    Figure("requests/s", lambda load: load.per_second, max),
    Figure("p50", lambda load: load.p50, min),
    Figure("p99", lambda load: load.p99, min),
)


def median(loads: Sequence[Load]) -> Load:
    """Return the median of each number of several loads at the same connections; no failure is left out."""
    (connections,) = {load.connections for load in loads}
    p50, p95, p99 = (statistics.median(getattr(load, name) for load in loads) for name in ("p50", "p95", "p99"))
    per_second = statistics.median(load.per_second for load in loads)
    seconds = statistics.median(load.seconds for load in loads)
    failed = sum(load.failed for load in loads)
    return Load(connections, round(per_second * seconds), seconds, failed, p50, p95, p99)


def ratios(points: Sequence[Point], wanted: Mapping[tuple[str, int], Wanted]) -> list[Row]:
    """Return our figures as parts of the best peer's. A peer that failed requests is nowhere the best.

    `wanted` is by a figure's name and a number of connections.
    """
    rows = []
    for connections in sorted({point.load.connections for point in points}):
        here = {point.server: point.load for point in points if point.load.connections == connections}
        ours = here.pop(OURS)
        whole = {server: load for server, load in here.items() if not load.failed}
        rows += [_ratio(figure, ours, whole, wanted.get((figure.name, connections))) for figure in FIGURES if whole]
    return rows


def _ratio(figure: Figure, ours: Load, peers: dict[str, Load], wanted: Wanted | None) -> Row:
    best = figure.best(figure.of(load) for load in peers.values())
    name = next(name for name, load in peers.items() if figure.of(load) == best)
    at = f"{ours.connections} connection{'s' if ours.connections > 1 else ''}"
    what = f"{figure.name} at {at}, as a part of the best peer's ({name})"
    return Row(what, figure.of(ours) / best, "×", wanted)
