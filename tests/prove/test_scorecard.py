import json

import pytest

from tests.prove.ledger import Result, Row
from tests.prove.scorecard import Scorecard

MACHINE = {"kernel": "Linux 6.1", "user": "root"}


def row(result: Result, attack: str = "Reads another's tables", reason: str = "") -> Row:
    return Row("database", "PostgreSQL", attack, result, reason, ["12 tables"], tests=3, seconds=1.5)


@pytest.fixture
def card() -> Scorecard:
    return Scorecard(MACHINE, [row(Result.HELD), row(Result.ABSENT, "Becomes <root>", "no root")], 61.0)


def test_it_says_what_was_held_and_what_was_not_tried(card: Scorecard) -> None:
    assert card.verdict == "All 1 attacks and faults were held; 1 could not be tried on this machine."
    assert card.totals == {"attacks": 2, "held": 1, "broken": 0, "absent": 1, "tests": 6}


def test_it_says_first_what_was_not_held(card: Scorecard) -> None:
    broken = Scorecard(MACHINE, [*card.rows, row(Result.BROKEN)], 1.0)
    assert broken.verdict == "1 of 3 attacks and faults were not held."


def test_nothing_at_all_is_no_success() -> None:
    assert Scorecard(MACHINE, [], 0.0).verdict == "Nothing was tried."


def test_programs_read_all_of_it(card: Scorecard) -> None:
    said = json.loads(card.to_json())
    assert said["machine"] == MACHINE
    assert said["rows"][0] == {
        **{"layer": "database", "enforcer": "PostgreSQL", "attack": "Reads another's tables", "result": "held"},
        **{"reason": "", "figures": ["12 tables"], "tests": 3, "seconds": 1.5},
    }


def test_the_terminal_shows_each_attack_with_its_figures(card: Scorecard) -> None:
    lines = card.to_text().splitlines()
    assert "DATABASE" in lines
    assert "  held    PostgreSQL        Reads another's tables (12 tables)" in lines
    assert lines[-1].endswith("6 tests in 1 min 1 s.")


def test_the_page_needs_nothing_but_itself(card: Scorecard) -> None:
    page = card.to_html()
    assert "Becomes &lt;root&gt;" in page
    assert "not on this machine" in page
    for outside in ("<script", "<link", "<img", "@import", "url("):
        assert outside not in page
