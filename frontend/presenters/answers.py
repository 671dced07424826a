"""What a page shows of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SHOWN = 8
FAINT = 0.03


@dataclass(frozen=True)
class Reason:
    """A word or a column, and how much it spoke for the label, or, with a weight below zero, against it."""

    name: str
    weight: float
    # Of the strongest reason, 0 to 1.
    share: float

    @property
    def is_for(self) -> bool:
        return self.weight >= 0


def reasons(result: Mapping[str, Any]) -> list[Reason]:
    """Return what spoke for the label and against it, the strongest first; what hardly spoke is left out."""
    found = result.get("explanation") or []
    strongest = max((abs(each["weight"]) for each in found), default=0) or 1
    said = [Reason(_name(each), each["weight"], abs(each["weight"]) / strongest) for each in found]
    return [reason for reason in said[:SHOWN] if reason.share >= FAINT]


def _name(reason: Mapping[str, Any]) -> str:
    if "word" in reason:
        return str(reason["word"])
    return f"{reason['column']} = {reason['value']}" if reason.get("value") else str(reason["column"])
