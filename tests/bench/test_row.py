import math

import pytest

from tests.bench.row import FLOOR, GOAL, MISSED, Row, at_least, at_most


@pytest.mark.parametrize(("value", "verdict"), [(4.0, GOAL), (3.5, FLOOR), (3.0, FLOOR), (2.9, MISSED)])
def test_a_number_reaches_its_goal_its_floor_or_neither(value: float, verdict: str) -> None:
    assert Row("requests/s", value, "×", at_least(3, 4)).verdict == verdict


def test_less_is_better_where_at_most_is_wanted() -> None:
    verdicts = [Row("p99", value, "×", at_most(0.5, 0.25)).verdict for value in (0.2, 0.3, 0.6)]
    assert verdicts == [GOAL, FLOOR, MISSED]


def test_what_only_has_a_floor_is_reached_or_missed() -> None:
    assert [at_most(0).verdict(value) for value in (0, 1)] == [GOAL, MISSED]


def test_a_number_that_nobody_wants_anything_of_is_not_judged() -> None:
    assert Row("connections", 64, "").verdict == ""


def test_what_could_not_be_measured_is_a_dash_and_not_judged() -> None:
    row = Row("memory", math.nan, "MB", at_most(60, 40))
    assert (row.shown, row.verdict) == ("–", "")


@pytest.mark.parametrize(("value", "shown"), [(4393.4, "4,393"), (24.04, "24.0"), (0.256, "0.26"), (0, "0.00")])
def test_a_number_is_shown_with_the_digits_that_say_something(value: float, shown: str) -> None:
    assert Row("", value, "").shown == shown
