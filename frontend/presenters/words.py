"""Values in the words that people have for them."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Figure:
    """One number with its name, and what to hold it against."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Day:
    name: str
    date: date


def percent(value: float) -> str:
    """Return for instance `92.3 %`, which no line end can tear apart."""
    return f"{value * 100:.1f}\N{NO-BREAK SPACE}%"


def last_days(today: date) -> list[Day]:
    """Return today and the six days before it, by the names that people have for them."""
    days = [today - timedelta(days=ago) for ago in range(7)]
    names = ["Today", "Yesterday", *(f"{day:%A}" for day in days[2:])]
    return [Day(*pair) for pair in zip(names, days, strict=True)]


def as_text(value: Any) -> str:
    """Return an input as one would type it: a text as it is, the columns of a row as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def in_words(name: str) -> str:
    """Return for instance `Rows per month` for `rows_per_month`."""
    return name.replace("_", " ").capitalize()


def duration(seconds: float) -> str:
    """Return for instance `40 s`, `3 min` or `2 h 5 min`."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    hours, minutes = divmod(round(whole / MINUTE), HOUR // MINUTE)
    parts = (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "")
    return " ".join(part for part in parts if part)
