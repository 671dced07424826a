"""The latency curves as a picture that can be read on white and on black."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.bench.curves import OURS, Point
from tests.bench.wrk import Load

# Each is told from white and from GitHub's black; the text is one grey between the two.
INK, FAINT = "#7d848d", "#7d848d55"
COLOURS = ("#2f81f7", "#d1780f", "#3f9b4f", "#b05ccc", "#d9534f")
MARKERS = ("o", "s", "^", "D", "v")
PANELS: dict[str, Callable[[Load], float]] = {
    "half of the answers within (p50)": lambda load: load.p50,
    "99 of 100 answers within (p99)": lambda load: load.p99,
}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    # The same numbers make the same file.
    "svg.hashsalt": "assort",
    "font.family": "sans-serif",
    "font.size": 10,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
}


def draw(curves: Mapping[str, Sequence[Point]], file: Path) -> None:
    """Draw a line of panels for each title of `curves`."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 4 * len(curves)), layout="constrained")
        lines = figure.subplots(len(curves), len(PANELS), sharey="row", squeeze=False)
        for panels, (served, points) in zip(lines, curves.items(), strict=True):
            for axes, (title, value) in zip(panels, PANELS.items(), strict=True):
                _panel(axes, points, title, value)
            panels[0].set_ylabel(f"milliseconds {served}")
        handles, names = lines[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False)
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})


def _panel(axes: Axes, points: Sequence[Point], title: str, value: Callable[[Load], float]) -> None:
    connections = sorted({point.load.connections for point in points})
    for place, server in enumerate(dict.fromkeys(point.server for point in points)):
        loads = sorted(
            (point.load for point in points if point.server == server),
            key=lambda load: load.connections,
        )
        axes.plot(
            [load.connections for load in loads],
            [value(load) for load in loads],
            label=server,
            color=COLOURS[place],
            marker=MARKERS[place],
            linewidth=2.6 if server == OURS else 1.3,
        )
    axes.set(xscale="log", yscale="log", xlabel="connections", title=title)
    axes.set_xticks(connections, [str(count) for count in connections])
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_formatter(lambda number, _: f"{number:,g}")
    axes.grid(visible=True, color=FAINT, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
