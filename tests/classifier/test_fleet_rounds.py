"""When the fleet looks around: at once for whoever is not served, and not for every call of those who are."""

from classifier.fleet.foreman import SERVED_APART_SECONDS, is_due


def test_whoever_has_no_worker_is_looked_after_at_once() -> None:
    assert is_due({"served", "new"}, {"served"}, waited=0.0)


def test_calls_of_those_who_are_served_share_a_round() -> None:
    assert not is_due({"served"}, {"served", "quiet"}, waited=SERVED_APART_SECONDS / 2)
    assert is_due({"served"}, {"served", "quiet"}, waited=SERVED_APART_SECONDS)


def test_a_round_comes_without_any_call() -> None:
    assert is_due(set(), set(), waited=SERVED_APART_SECONDS)
