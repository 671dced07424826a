from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.ml.curve import Curve

ROWS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def curve(*rows: tuple[float, bool]) -> Curve:
    return Curve.of([confidence for confidence, _ in rows], [right for _, right in rows])


@given(ROWS)
def test_the_higher_the_threshold_the_fewer_are_answered(rows: list[tuple[float, bool]]) -> None:
    points = curve(*rows).points
    assert (points[0].threshold, points[0].answered) == (0.0, 1.0)
    assert points[0].accuracy == pytest.approx(np.mean([right for _, right in rows]))
    assert [point.threshold for point in points] == sorted({point.threshold for point in points})
    assert [point.rows for point in points] == sorted((point.rows for point in points), reverse=True)


@given(ROWS)
def test_a_point_counts_the_rows_that_its_threshold_leaves(rows: list[tuple[float, bool]]) -> None:
    for point in curve(*rows).points[1:]:
        left = [right for confidence, right in rows if round(confidence, 6) >= point.threshold]
        assert point.rows == len(left)
        assert point.accuracy == pytest.approx(np.mean(left))


def test_the_lowest_threshold_that_reaches_a_goal_is_found() -> None:
    rows = [(0.9, True)] * 200 + [(0.5, False)] * 40
    found = curve(*rows).threshold_for(0.95)
    assert found is not None
    assert (found.threshold, found.rows, found.accuracy) == (0.9, 200, 1.0)


def test_a_few_rows_that_came_out_right_promise_little() -> None:
    few = curve(*[(0.9, True)] * 10)
    assert few.threshold_for(0.95) is None
    assert few.best is not None
    assert few.best.low == pytest.approx(0.72, abs=0.01)


def test_all_wrong_reaches_nothing_and_no_rows_have_no_curve() -> None:
    assert curve(*[(0.9, False)] * 50).threshold_for(0.5) is None
    assert (curve().points, curve().best, curve().threshold_for(0.5)) == ((), None, None)


def test_rows_of_one_confidence_are_answered_together_or_not_at_all() -> None:
    assert [point.rows for point in curve((0.7, True), (0.7, False), (0.9, True)).points] == [3, 1]


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    long = curve(*[(place / 1_000, True) for place in range(1_000)])
    thinned = long.thinned(20)
    assert len(thinned) <= 20
    assert (thinned[0], thinned[-1]) == (long.points[0], long.points[-1])
