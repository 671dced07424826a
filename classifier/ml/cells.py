"""What one cell of a table means.

A cell is the string that would stand in a CSV, or None where it is missing. A JSON value and its CSV string
mean the same everywhere in this package, because both pass through this module.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

TRUE_WORDS = frozenset({"true", "yes", "t", "y"})
FALSE_WORDS = frozenset({"false", "no", "f", "n"})

# Words by which people mark a hole in a column of numbers or dates. In a column of categories they stay a
# category of their own, because "none" may well be an answer.
PLACEHOLDERS = frozenset({"?", "-", "--", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing"})

_WHOLE_FLOAT = re.compile(r"-?\d+\.0+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def from_json(value: object) -> str | None:
    """The cell of a JSON scalar.

    >>> from_json(True), from_json(3.0), from_json(None), from_json("")
    ('true', '3.0', None, None)

    Raises TypeError for a list or an object.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return from_csv(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"a {type(value).__name__} is not a cell")


def from_csv(text: str) -> str | None:
    """The cell of a string: None when there is nothing but white space in it."""
    return None if not text or text.isspace() else text


def category(cell: str) -> str:
    """The name under which a cell is counted as a category: trimmed, and 3.0 is 3."""
    name = cell.strip()
    return name.split(".")[0] if _WHOLE_FLOAT.fullmatch(name) else name


def number(cell: str) -> float | None:
    """The finite number that a cell holds, or None."""
    trimmed = cell.strip()
    if not _NUMBER.fullmatch(trimmed):
        return None
    value = float(trimmed)
    return value if math.isfinite(value) else None


def boolean(cell: str) -> bool | None:
    """True, False or None, for true/false, yes/no, t/f, y/n in any case."""
    word = cell.strip().casefold()
    if word in TRUE_WORDS:
        return True
    return False if word in FALSE_WORDS else None


def instant(cell: str) -> datetime | None:
    """The moment that an ISO 8601 date or time names, in UTC; without an offset it is taken as UTC."""
    text = cell.strip().replace("/", "-")
    if not text[:1].isdigit():
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_placeholder(cell: str) -> bool:
    """Whether the cell only says that nothing is known."""
    return cell.strip().casefold() in PLACEHOLDERS
