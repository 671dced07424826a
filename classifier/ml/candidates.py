"""The models that are worth trying on a data set.

A candidate is a name and a function that fits. Adding a kind of model is adding a candidate here and, where
it computes in a way of its own, a scorer to the parts in pool.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import table_candidates, text_candidates, tuning
from .candidate import Candidate
from .predictor import Scorer
from .schema import Schema
from .sentences import Embeds

FAST, BEST = "fast", "best"
QUALITIES = (FAST, "auto", BEST)


def worth_trying(
    schema: Schema,
    *,
    names: Sequence[str],
    counts: Sequence[int],
    quality: str,
    base: Scorer | None = None,
    encoder: Embeds | None = None,
) -> list[Candidate]:
    """The candidates for labels of these names and so many training rows, in the order in which they are worth their
    time.

    `fast` leaves only the first, a linear one; `best` takes more time than `auto`. A `base` of texts adds one that
    starts from it, which is then the first; an `encoder` adds some that know what words mean.
    """
    if quality not in QUALITIES:
        raise ValueError(f"quality is {quality!r}; choose one of {', '.join(QUALITIES)}")
    if schema.kind == "text":
        offered = text_candidates.for_texts(names, counts, encoder, is_thorough=quality == BEST)
        if base is not None and tuning.can_start_from(base):
            offered.insert(0, text_candidates.tuned(base, encoder))
    else:
        offered = table_candidates.for_tables(schema, counts, encoder)
    return offered[:1] if quality == FAST else offered
