from __future__ import annotations

import numpy as np

from classifier.ml import fit, repeated
from classifier.ml.candidates import worth_trying
from classifier.ml.schema import examples, infer
from classifier.ml.scoring import Interval, wilson

from .conftest import texts, trained_on


def interval_of(rows: int) -> tuple[fit.Trial, Interval]:
    data = texts(rows)
    found = infer(data)
    inputs, labels, _ = examples(data, found)
    names = sorted(set(labels))
    targets = np.array([names.index(label) for label in labels])
    given = fit.Examples(found.inputs(inputs), targets, np.arange(rows))
    candidate = worth_trying(found, names=names, counts=[rows // len(names)] * len(names), quality="fast")[0]
    trial = fit.cross_validate(candidate, given, seed=0, progress=lambda share: None)
    return trial, repeated.interval(trial, given, seed=0)


def test_the_interval_holds_the_accuracy_and_is_never_narrower_than_one_look_at_each_row() -> None:
    trial, (low, high) = interval_of(40)
    assert low < trial.accuracy <= high
    assert high - low >= np.diff(wilson(round(trial.accuracy * 40), 40))[0] * 0.9


def test_more_rows_make_it_narrower() -> None:
    few, more = (np.diff(interval_of(rows)[1])[0] for rows in (24, 96))
    assert more < few


def test_a_model_of_few_rows_is_tested_on_all_that_it_may_learn_from() -> None:
    found = trained_on(texts(60)).evaluation
    assert found.method == "cross_validation"
    assert found.rows > 40
    assert found.accuracy_interval[0] < found.accuracy <= found.accuracy_interval[1]


def test_the_same_seed_gives_the_same_interval() -> None:
    assert interval_of(40)[1] == interval_of(40)[1]
