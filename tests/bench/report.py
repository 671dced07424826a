"""The numbers as Markdown, for the README."""

from collections.abc import Mapping, Sequence

from tests.bench.curves import Point
from tests.bench.row import Row

VERDICTS = {"goal": "reached", "floor": "floor reached", "missed": "**missed**", "": ""}


def markdown(
    machine: Mapping[str, str], found: Mapping[str, Sequence[Row]], curves: Mapping[str, Sequence[Point]]
) -> str:
    """`curves` are by the title of what was served."""
    parts = ["; ".join(f"{name}: {value}" for name, value in machine.items()) + "."]
    for title, points in curves.items():
        parts += [f"### Requests a second (p50 / p99 in ms) {title}", _matrix(points)]
    for subject, rows in found.items():
        parts += [f"### {subject.capitalize()}", _rows(rows)]
    return "\n\n".join(parts) + "\n"


def _rows(rows: Sequence[Row]) -> str:
    lines = [
        (row.what, f"{row.shown} {row.unit}".rstrip(), str(row.wanted or ""), VERDICTS[row.verdict]) for row in rows
    ]
    if not any(wanted for _, _, wanted, _ in lines):
        return _table(("figure", "value"), [line[:2] for line in lines])
    return _table(("figure", "value", "floor / goal", ""), lines)


def _matrix(points: Sequence[Point]) -> str:
    connections = sorted({point.load.connections for point in points})
    cells = {(point.server, point.load.connections): _cell(point) for point in points}
    servers = dict.fromkeys(point.server for point in points)
    head = ("", *(f"{count} connection{'s' if count > 1 else ''}" for count in connections))
    return _table(head, [(server, *(cells[server, count] for count in connections)) for server in servers])


def _cell(point: Point) -> str:
    load = point.load
    shown = f"{load.per_second:,.0f} ({_milliseconds(load.p50)} / {_milliseconds(load.p99)})"
    return f"{shown}, {load.failed:,} failed" if load.failed else shown


def _milliseconds(value: float) -> str:
    return f"{value:.1f}" if value < 20 else f"{value:,.0f}"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
