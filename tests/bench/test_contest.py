import pytest

from tests.bench import curves
from tests.bench.contest import CONTESTS, Contest
from tests.bench.curves import OURS, Point
from tests.bench.row import FLOOR, GOAL
from tests.bench.wrk import Load

EACH = pytest.mark.parametrize("contest", CONTESTS.values(), ids=list(CONTESTS))


def points(contest: Contest, *, faster: float = 1) -> list[Point]:
    """Two servers of which ours is so many times as fast at every number of connections."""
    speeds = {OURS: faster, "Other": 1.0}
    return [
        Point(server, Load(count, round(1_000 * speed), 5.0, 0, 10 / speed, 20 / speed, 20 / speed))
        for server, speed in speeds.items()
        for count in contest.connections
    ]


@EACH
def test_all_that_is_wanted_of_a_contest_is_measured_in_it(contest: Contest) -> None:
    assert sum(row.wanted is not None for row in curves.ratios(points(contest), contest.wanted)) == len(contest.wanted)


@EACH
def test_whoever_is_four_times_as_fast_as_the_others_reaches_every_goal(contest: Contest) -> None:
    rows = curves.ratios(points(contest, faster=4), contest.wanted)
    assert {row.verdict for row in rows if row.wanted} == {GOAL}


def test_with_an_encoder_it_is_enough_to_be_as_fast_as_the_best() -> None:
    contest = CONTESTS["best"]
    rows = curves.ratios(points(contest), contest.wanted)
    assert [row.verdict for row in rows if row.wanted] == [GOAL, FLOOR, GOAL]


def test_no_two_contests_are_about_the_same_model() -> None:
    assert len({contest.model for contest in CONTESTS.values()}) == len(CONTESTS)
    assert len({contest.title for contest in CONTESTS.values()}) == len(CONTESTS)
