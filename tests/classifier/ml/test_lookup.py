from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.ml.lookup import Lookup

# Numbers with the same first bits meet at one place of the table.
NUMBERS = st.integers(0, 2**64 - 2) | st.integers(0, 50)


def array(numbers: list[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(numbers, dtype=np.uint64)


@given(st.lists(NUMBERS, unique=True, max_size=60), st.lists(NUMBERS, max_size=60))
def test_what_is_known_is_found_at_its_column_and_nothing_else(known: list[int], asked: list[int]) -> None:
    asked = asked + known
    places, columns = Lookup.of(array(known)).find(array(asked))
    found = dict(zip(places.tolist(), columns.tolist(), strict=True))
    assert found == {place: known.index(number) for place, number in enumerate(asked) if number in known}


def test_nothing_is_found_in_an_empty_table() -> None:
    places, columns = Lookup.of(array([])).find(array([0, 5]))
    assert (places.tolist(), columns.tolist()) == ([], [])


def test_it_survives_being_packed() -> None:
    packed = Lookup.of(array([7, 2**63, 9])).pack("text0_")
    again = Lookup.unpack(packed, "text0_", width=3)
    assert [found.tolist() for found in again.find(array([9, 8, 7]))] == [[0, 2], [2, 0]]


@pytest.mark.parametrize("columns", [[0, 1, 3], [0, 1, -1], [0, 1], [0.0, 1.0, 2.0]])
def test_columns_beyond_the_model_are_refused(columns: list[float]) -> None:
    packed = Lookup.of(array([7, 8, 9])).pack("")
    kind = np.float64 if isinstance(columns[0], float) else np.int32
    with pytest.raises(ValueError, match="beyond the 3"):
        Lookup.unpack(packed | {"columns": np.array(columns, kind)}, "", width=3)


def test_many_are_looked_for_as_few_are() -> None:
    known = [5 * number for number in range(3_000)]
    places, columns = Lookup.of(array(known)).find(array(list(range(15_000))))
    assert sorted(zip(places.tolist(), columns.tolist(), strict=True)) == [
        (number, n) for n, number in enumerate(known)
    ]


@pytest.mark.parametrize(
    "damage",
    [{"starts": np.array([0, 4], np.int32)}, {"starts": np.array([0, -1], np.int32)}, {"hashes": array([7, 8])}],
)
def test_a_search_that_would_not_end_is_refused(damage: dict[str, np.ndarray[Any, Any]]) -> None:
    with pytest.raises(ValueError, match="would not end"):
        Lookup.unpack(Lookup.of(array([7, 8])).pack("") | damage, "", width=2)
