import pytest

from tests.bench import curves
from tests.bench.curves import OURS, Point
from tests.bench.row import GOAL, MISSED, at_least, at_most
from tests.bench.wrk import Load

WANTED = {("requests/s", 64): at_least(3, 4), ("p99", 64): at_most(0.5, 0.25)}


def load(per_second: int, *, p50: float = 10, p99: float = 20, connections: int = 64, failed: int = 0) -> Load:
    return Load(connections, per_second * 5, 5.0, failed, p50, p99, p99)


def test_each_number_of_several_loads_is_their_median() -> None:
    found = curves.median([load(900, p50=5), load(4_000, p50=4), load(4_200, p50=30)])
    assert (found.per_second, found.p50) == (4_000, 5)


def test_a_failure_in_one_of_several_loads_stays() -> None:
    assert curves.median([load(900), load(900, failed=2), load(900)]).failed == 2


def test_loads_at_different_connections_have_no_median() -> None:
    with pytest.raises(ValueError, match="too many values"):
        curves.median([load(1), load(1, connections=1)])


def test_ours_is_compared_with_the_best_peer_of_each_figure() -> None:
    points = [Point(OURS, load(4_000, p99=30)), Point("Quick", load(1_000, p99=90)), Point("Even", load(800, p99=50))]
    rows = {row.what: row for row in curves.ratios(points, WANTED)}
    most = rows["requests/s at 64 connections, as a part of the best peer's (Quick)"]
    assert (most.value, most.verdict) == (4, GOAL)
    slowest = rows["p99 at 64 connections, as a part of the best peer's (Even)"]
    assert (slowest.value, slowest.verdict) == (0.6, MISSED)


def test_a_figure_is_judged_only_at_the_connections_where_something_is_wanted_of_it() -> None:
    points = [Point(server, load(900, connections=count)) for server in (OURS, "Other") for count in (1, 64)]
    judged = {row.what.partition(",")[0] for row in curves.ratios(points, WANTED) if row.wanted}
    assert judged == {"requests/s at 64 connections", "p99 at 64 connections"}


def test_a_peer_that_failed_requests_is_not_the_best() -> None:
    points = [Point(OURS, load(4_000)), Point("Refusing", load(9_000, failed=1)), Point("Whole", load(1_000))]
    assert {row.value for row in curves.ratios(points, WANTED) if row.what.startswith("requests/s")} == {4}
