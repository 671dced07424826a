from tests.prove.ledger import Outcome, Result, rows

READS = ("database", "PostgreSQL", "Reads the tables of another")


def tried(name: str = "read", **known: object) -> Outcome:
    return Outcome(f"tests/isolation/test_a.py::test_{name}", **{"attack": READS, **known})  # type: ignore[arg-type]


def control(*, failed: bool) -> Outcome:
    return Outcome("tests/isolation/test_a.py::test_own", is_control=True, failed=failed)


def test_an_attack_is_held_when_all_of_its_tests_and_their_control_passed() -> None:
    [row] = rows([tried("read", figures=["3 tables"]), tried("write", figures=["3 tables"]), control(failed=False)])
    assert (row.layer, row.enforcer, row.attack) == READS
    assert (row.result, row.tests, row.figures, row.reason) == (Result.HELD, 2, ["3 tables"], "")


def test_one_failure_breaks_it_and_is_named() -> None:
    [row] = rows([tried("read"), tried("write", failed=True)])
    assert (row.result, row.reason) == (Result.BROKEN, "test_write")


def test_a_control_that_failed_breaks_what_stands_beside_it() -> None:
    [row] = rows([tried(), control(failed=True)])
    assert row.result == Result.BROKEN
    assert row.reason == "its control failed, so nothing is proven: test_own"


def test_a_control_of_another_module_says_nothing_of_it() -> None:
    other = Outcome("tests/isolation/test_b.py::test_own", is_control=True, failed=True)
    assert [row.result for row in rows([tried(), other])] == [Result.HELD]


def test_what_the_machine_lacks_is_told() -> None:
    [row] = rows([tried(skipped="Skipped: it needs root")])
    assert (row.result, row.reason) == (Result.ABSENT, "it needs root")


def test_what_was_tried_in_part_is_held_and_says_so() -> None:
    [row] = rows([tried("read"), tried("write", skipped="Skipped: it needs root")])
    assert (row.result, row.reason) == (Result.HELD, "in part: it needs root")


def test_a_failure_that_belongs_to_no_attack_is_no_less_of_one() -> None:
    died = Outcome("tests/isolation/test_c.py", failed=True)
    [held, row] = rows([died, tried()])
    assert held.result == Result.HELD
    assert (row.layer, row.attack, row.result) == ("the run itself", "tests/isolation/test_c.py", Result.BROKEN)
