"""How much the attacks and faults try: a short form, which fits in a run of all tests, and a long one.

`./assort prove --long` asks for the long one through `ASSORT_PROVE`. What is chosen by chance comes from a seed that
is printed; the short form always takes the same, so that a run which fails fails again.
"""

import os
import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

LONG = os.environ.get("ASSORT_PROVE") == "long"
SHORT_SEED = 20261129
SEED = int(os.environ.get("ASSORT_SEED", "0")) or (random.SystemRandom().randrange(1, 10**9) if LONG else SHORT_SEED)


def cases(short: int, long: int) -> int:
    """Return how many cases this form tries."""
    return long if LONG else short


def some(items: Sequence[Item], short: int) -> list[Item]:
    """Return all of the items in the long form, and `short` of them, chosen by the seed, in the short one."""
    if LONG or len(items) <= short:
        return list(items)
    chosen = set(random.Random(SEED).sample(range(len(items)), short))  # noqa: S311 - a choice, not a secret
    return [item for number, item in enumerate(items) if number in chosen]
