from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.ml import cells


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, None), ("", None), (" \n", None), (True, "true"), (False, "false"), (3, "3"), (3.0, "3.0"), ("a", "a")],
)
def test_a_json_value_is_the_string_that_would_stand_in_a_csv(value: object, cell: str | None) -> None:
    assert cells.from_json(value) == cell


@pytest.mark.parametrize("value", [[], {}, ["a"]])
def test_a_list_or_an_object_is_no_cell(value: object) -> None:
    with pytest.raises(TypeError):
        cells.from_json(value)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**12), 10**12))
def test_every_json_number_is_read_back(value: float) -> None:
    cell = cells.from_json(value)
    assert cell is not None
    assert cells.number(cell) == value


@pytest.mark.parametrize("cell", ["", "abc", "1,5", "0x10", "1_000", "inf", "nan", "1e999", "٣ kg"])
def test_what_is_not_a_finite_number_is_none(cell: str) -> None:
    assert cells.number(cell) is None


@pytest.mark.parametrize(("cell", "value"), [("Yes", True), (" TRUE", True), ("n", False), ("0", None)])
def test_truth_is_told_by_words(cell: str, value: bool | None) -> None:
    assert cells.boolean(cell) is value


def test_an_instant_without_offset_is_in_utc() -> None:
    noon = datetime(2024, 2, 29, 12, tzinfo=UTC)
    assert cells.instant("2024-02-29T12:00") == noon
    assert cells.instant("2024/02/29 14:00+02:00") == noon
    assert cells.instant("next Friday") is None
    assert cells.instant("0001-01-01T00:00+14:00") is None


@pytest.mark.parametrize("cell", ["3", "3.0", " 3.00 "])
def test_a_whole_number_is_one_category_however_it_is_written(cell: str) -> None:
    assert cells.category(cell) == "3"
