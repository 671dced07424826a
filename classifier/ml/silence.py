"""When a model had better say nothing. Without numpy, since every process knows these words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reason = Literal["unsure", "out_of_scope"]
UNSURE: Reason = "unsure"
OUT_OF_SCOPE: Reason = "out_of_scope"

# Answers give their confidence so, and a threshold is compared with what they give.
DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Silence:
    """Below which confidence no label is given, and which share of the inputs that belong here may be refused."""

    threshold: float | None = None
    scope_refused: float | None = None

    @property
    def is_set(self) -> bool:
        return self.threshold is not None or self.scope_refused is not None


TALKATIVE = Silence()


def can_refuse(rows: int, share: float) -> bool:
    """Whether so many rows are enough to tell the lowest share of them."""
    return int(share * (rows + 1)) >= 1
