from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.ml.compare import compare
from classifier.ml.predictor import Predictor
from classifier.ml.schema import Column, Schema
from classifier.ml.sentences import Encoders
from classifier.ml.train import Trained

from .conftest import texts

SCHEMA = Schema("label", "text", (Column("text", "text", 0, 9, ()),))


@dataclass(frozen=True)
class Knows:
    """Answers "yes" to the texts it knows, else "no"."""

    form: ClassVar[str] = "knows"
    yes: frozenset[str]
    levels: Mapping[str, Sequence[str]] = ()  # type: ignore[assignment]  # It has no columns.
    encoders: Sequence[str] = ()

    def scores(self, inputs: Sequence[Any]) -> NDArray[np.float64]:
        return np.array([[0.0, 1.0] if text in self.yes else [1.0, 0.0] for text in inputs])

    def reasons(self, inputs: Sequence[Any], chosen: Sequence[int]) -> list[dict[str, float]]:
        return [{} for _ in inputs]

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {}, {}

    @classmethod
    def unpack(cls, _: Schema, __: Mapping[str, Any], ___: dict[str, NDArray[Any]], ____: Encoders) -> Self:
        return cls(frozenset())


def right_on(numbers: range, labels: tuple[str, ...] = ("no", "yes")) -> Predictor:
    return Predictor(SCHEMA, labels, 1.0, Knows(frozenset(map(str, numbers))))


ROWS = [{"text": str(number)} for number in range(100)]
YES = ["yes"] * 100


@pytest.mark.parametrize(
    ("champion", "candidate", "not_worse"),
    [
        (range(90), range(90), True),
        (range(90), range(95), True),
        (range(90), range(89), True),  # One row is lost: sqrt(1), which chance explains.
        (range(90), range(80), False),
        (range(90), range(20, 100), False),  # 20 lost and 10 gained: 10 > sqrt(30).
        (range(90), range(7, 95), True),  # 7 lost and 5 gained: 2 < sqrt(12).
    ],
)
def test_a_version_is_worse_by_more_than_one_standard_error(champion: range, candidate: range, not_worse: bool) -> None:
    found = compare(right_on(champion), right_on(candidate), ROWS, YES)
    assert found.not_worse is not_worse
    assert (found.champion_accuracy, found.candidate_accuracy) == (len(champion) / 100, len(candidate) / 100)
    assert f"{found.lost} times" in found.reason


def test_without_rows_nothing_speaks_against_the_new_version() -> None:
    found = compare(right_on(range(9)), right_on(range(5)), [], [])
    assert (found.rows, found.not_worse) == (0, True)


def test_a_label_that_the_champion_has_not_is_wrong_for_it() -> None:
    found = compare(right_on(range(100), ("no", "maybe")), right_on(range(100)), ROWS, YES)
    assert (found.champion_accuracy, found.gained) == (0.0, 100)


def test_two_trained_twins_can_be_compared(text_model: Trained) -> None:
    data = texts(60, seed=9)
    rows, labels = [{"text": text} for text, _ in data.rows], [str(label) for _, label in data.rows]
    found = compare(text_model.twin, text_model.served, rows, labels)
    assert found.not_worse
    assert found.candidate_accuracy > 0.9
