"""What was asked, day by day, as a chart takes it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Protocol


class Counted(Protocol):
    """Rows that a model answered on a day."""

    @property
    def day(self) -> date: ...
    @property
    def model(self) -> str: ...
    @property
    def rows(self) -> int: ...


def rows_per_day(used: Iterable[Counted], *, first: date, last: date) -> dict[str, Any]:
    """Return a bar for each day from `first` to `last`, stacked by model; a model that was not asked has no part."""
    days = [first + timedelta(days=place) for place in range((last - first).days + 1)]
    counts: defaultdict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for line in used:
        if line.rows:
            counts[line.model][line.day] += line.rows
    series = [{"name": model, "data": [by_day.get(day, 0) for day in days]} for model, by_day in sorted(counts.items())]
    return {"kind": "bars", "x": [f"{day:%d %b}".lstrip("0") for day in days], "series": series}
