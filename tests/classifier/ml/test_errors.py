from __future__ import annotations

import pytest

from classifier.ml.errors import InputProblem, InputsRejected, MlError, Problem, ProblemList, TableRejected


def test_a_refusal_reads_as_a_sentence() -> None:
    refusal = TableRejected([Problem(3, "ragged_row", "Mend it."), Problem(None, "empty_file", "Fill it.")])
    assert str(refusal) == "row 3: Mend it.; Fill it."
    assert str(InputsRejected([InputProblem(0, "empty_text", "Leave it out.")])) == "input 0: Leave it out."
    assert isinstance(refusal, MlError)


def test_a_list_without_problems_refuses_nothing() -> None:
    ProblemList().refuse()


def test_a_list_of_many_problems_counts_the_rest() -> None:
    problems = ProblemList()
    for row in range(1_025):
        problems.add(row, "bad", "Mend it.")
    with pytest.raises(TableRejected, match=r"1,005 more") as refused:
        problems.refuse()
    assert len(refused.value.problems) == 21
