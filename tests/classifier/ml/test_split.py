from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from classifier.ml.split import content_hash, held_out
from classifier.ml.table import Cell

ROWS = st.lists(st.tuples(st.text("abc", max_size=3), st.sampled_from("xyz")), min_size=1, max_size=60)


def inputs(rows: list[tuple[str, str]]) -> list[dict[str, Cell]]:
    return [{"text": text or None} for text, _ in rows]


def test_the_share_and_the_labels_follow_in_expectation() -> None:
    labels = ["rare" if row % 20 == 0 else "often" for row in range(20_000)]
    held = held_out([{"a": str(row)} for row in range(20_000)], labels)
    assert abs(held.mean() - 0.2) < 0.01
    assert abs(held[np.array(labels) == "rare"].mean() - 0.2) < 0.04


@given(rows=ROWS, more=ROWS)
def test_adding_rows_never_brings_a_held_out_row_into_training(
    rows: list[tuple[str, str]], more: list[tuple[str, str]]
) -> None:
    before = held_out(inputs(rows), [label for _, label in rows])
    after = held_out(inputs(rows + more), [label for _, label in rows + more])[: len(rows)]
    moved = {content_hash(row) for row, old, new in zip(inputs(rows), before, after, strict=True) if old > new}
    returned = {content_hash(row) for row in inputs(more)}
    # Only a label that is new, and has nothing but held-out rows, brings back what has the same content.
    assert moved <= returned


@given(rows=ROWS)
def test_the_same_content_is_on_one_side_and_every_label_is_trained(rows: list[tuple[str, str]]) -> None:
    held = held_out(inputs(rows), [label for _, label in rows], share=0.7)
    sides: dict[int, set[bool]] = {}
    for row, side in zip(inputs(rows), held.tolist(), strict=True):
        sides.setdefault(content_hash(row), set()).add(side)
    assert all(len(found) == 1 for found in sides.values())
    trained = {label for (_, label), side in zip(rows, held, strict=True) if not side}
    assert trained == {label for _, label in rows}


def test_order_case_spacing_and_missing_columns_do_not_matter() -> None:
    assert content_hash({"a": "Hello  World", "b": "2", "c": None}) == content_hash({"b": "2", "a": " hello world"})
    assert content_hash({"a": "1", "b": "2"}) != content_hash({"a": "2", "b": "1"})


def test_the_hash_is_the_one_of_every_version() -> None:
    assert content_hash({"text": "Where is my card?"}) == 13_261_368_158_438_510_016
