from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.ml import artefact, schema, scope, table_candidates
from classifier.ml.candidate import Candidate
from classifier.ml.predictor import Predictor, Scorer
from classifier.ml.rows import Cell
from classifier.ml.schema import Schema
from classifier.ml.table import Row, Table
from classifier.ml.table_linear import TableLinear

from .conftest import trained_on
from .meanings import SAME, Meanings, Shelf

Rows = list[dict[str, Cell]]


def shops(rows: int) -> Table:
    """Each of 400 shops mostly has a label of its own; the amount says nothing."""
    chance = Random(0)  # noqa: S311 - repeatable data, not secrets
    found: list[Row] = []
    for _ in range(rows):
        shop = chance.randrange(400)
        answer = shop % 2 if chance.random() > 0.05 else chance.randrange(2)
        found.append((f"shop {shop}", str(chance.random()), "AB"[answer]))
    return Table(("shop", "amount", "label"), found)


def rare(rows: int) -> Table:
    """One in fifty is bad: the highest amounts."""
    chance = Random(0)  # noqa: S311 - repeatable data, not secrets
    found: list[Row] = [
        (str(each), "bad" if each > 0.98 else "good") for each in (chance.random() for _ in range(rows))
    ]
    return Table(("amount", "label"), found)


def prepared(data: Table) -> tuple[Schema, Rows, NDArray[np.intp]]:
    found = schema.infer(data)
    rows, labels, _ = schema.examples(data, found)
    return found, rows, np.unique(labels, return_inverse=True)[1].astype(np.intp)


def offered(data: Table) -> dict[str, Candidate]:
    found, _, targets = prepared(data)
    candidates = table_candidates.for_tables(found, np.bincount(targets).tolist())
    return {candidate.name: candidate for candidate in candidates}


def fitted(data: Table, name: str) -> tuple[Scorer, Rows, NDArray[np.intp]]:
    _, rows, targets = prepared(data)
    return offered(data)[name].fit(rows, targets, 0), rows, targets


@pytest.mark.parametrize("name", ["linear, C=1", "boosted trees", "random forest"])
def test_more_categories_than_trees_tell_apart_are_learned(name: str) -> None:
    scorer, _, _ = fitted(shops(4_000), name)
    unseen = shops(4_500).rows[4_000:]
    answers = scorer.scores([{"shop": row[0], "amount": row[1]} for row in unseen]).argmax(axis=1)
    assert np.mean(["AB"[answer] == row[2] for answer, row in zip(answers, unseen, strict=True)]) > 0.9
    assert len(scorer.levels["shop"]) == 400


@pytest.mark.parametrize("name", ["linear with bends, C=1", "boosted trees", "random forest"])
def test_every_kind_of_model_survives_being_saved(name: str, tmp_path: Path) -> None:
    data = shops(2_000)
    scorer, rows, _ = fitted(data, name)
    model = Predictor(prepared(data)[0], ("A", "B"), 1.0, scorer, tuple(rows[:3]))
    artefact.save(model, tmp_path / "model")
    loaded = artefact.load(tmp_path / "model")
    assert np.array_equal(loaded.probabilities(rows[:200]), model.probabilities(rows[:200]))


@pytest.mark.parametrize("name", ["linear with bends, C=1", "boosted trees", "random forest"])
def test_to_every_kind_of_model_a_row_that_is_empty_is_less_at_home(name: str) -> None:
    data = shops(2_000)
    scorer, rows, targets = fitted(data, name)
    model = Predictor(prepared(data)[0], ("A", "B"), 1.0, scorer)
    found = scope.measured(model, rows[:1_000], targets[:1_000], rows[1_000:])
    assert found is not None
    seen = found.look(scorer, [rows[0], {}])
    assert np.allclose(seen.scores, scorer.scores([rows[0], {}]))
    assert seen.nearness[0] > seen.nearness[1] == 0


@pytest.mark.parametrize("name", ["linear with bends, balanced", "boosted trees, balanced"])
def test_a_rare_label_is_weighed_up_and_its_probability_stays_right(name: str) -> None:
    scorer, rows, targets = fitted(rare(3_000), name)
    scores = scorer.scores(rows)
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert abs(probabilities[:, 0].mean() - (targets == 0).mean()) < 0.01


def test_labels_are_weighed_only_where_one_is_rare() -> None:
    assert any("balanced" in name for name in offered(rare(1_000)))
    assert not any("balanced" in name for name in offered(shops(1_000)))


def test_pairs_are_tried_on_tables_of_few_columns_without_texts() -> None:
    assert "boosted trees of pairs" in offered(shops(1_500))
    assert "boosted trees of pairs" not in offered(complaints(1_500))
    numbers = np.random.default_rng(0).normal(size=(1_500, 70)).round(2).astype(str).tolist()
    wide = Table((*map(str, range(70)), "label"), [(*row, "AB"[place % 2]) for place, row in enumerate(numbers)])
    assert "boosted trees of pairs" not in offered(wide)


def test_bends_are_explained_by_their_columns_exactly() -> None:
    scorer, rows, _ = fitted(shops(1_500), "linear with bends, C=1")
    scores, reasons = scorer.scores(rows[:20]), scorer.reasons(rows[:20], [1] * 20)
    leads = scores[:, 1] - scores[:, 0]
    rest = leads - np.array([sum(found.values()) for found in reasons])
    assert np.ptp(rest) < 1e-4


def test_a_word_that_matters_only_beside_a_number_is_found() -> None:
    chance = Random(0)  # noqa: S311 - repeatable data, not secrets
    words = ["refund", "parcel", "invoice", "courier", "profile", "login"]
    found: list[Row] = []
    for _ in range(1_200):
        note, amount = " ".join(chance.sample(words, 3)) + f" {chance.random()}", chance.random()
        found.append((note, str(amount), "AB"[("refund" in note) != (amount > 0.5)]))
    assert trained_on(Table(("note", "amount", "label"), found)).evaluation.accuracy > 0.9


@pytest.mark.parametrize(
    "rows",
    [
        [("1", "a", "A"), ("2", "a", "A"), ("8", "b", "B"), ("9", "b", "B")],
        [*((str(number / 7), "a", "AB"[number % 2]) for number in range(20)), ("99", "b", "C")],
        [(str(number / 7) if number else "many", None, "AB"[number > 9]) for number in range(30)],
        [(str(number / 7), "7.5" if number < 2 else None, "AB"[number > 9]) for number in range(20)],
    ],
    ids=["two rows a label", "one row in a label", "a stray word and an empty column", "hardly a value"],
)
def test_little_and_odd_data_gives_a_model(rows: list[Row]) -> None:
    found = trained_on(Table(("number", "other", "label"), rows))
    answers = found.served.probabilities([{}, {"number": "many"}, {"number": 1e300, "other": "new"}])
    assert np.allclose(answers.sum(axis=1), 1)


def complaints(rows: int) -> Table:
    """A note of rare words, of which groups mean the same, and an amount, decide together."""
    chance = Random(0)  # noqa: S311 - repeatable data, not secrets
    found: list[Row] = []
    for number in range(rows):
        group, amount = chance.randrange(len(SAME)), chance.random()
        # The words are many, so that the n-grams of most were never seen.
        note = f"{chance.choice(SAME[group].split())} {number}"
        found.append((note, str(amount), "AB"[(group == 0) == (amount > 0.5)]))
    return Table(("note", "amount", "label"), found)


@pytest.mark.parametrize("name", ["linear on meanings", "boosted trees on meanings"])
def test_with_an_encoder_a_table_knows_what_its_texts_mean(name: str, tmp_path: Path) -> None:
    found, rows, targets = prepared(complaints(300))
    candidates = table_candidates.for_tables(found, np.bincount(targets).tolist(), Meanings())
    fitting = next(candidate for candidate in candidates if candidate.name == name)
    model = Predictor(found, ("A", "B"), 1.0, fitting.fit(rows, targets, 0), tuple(rows[:3]))
    artefact.save(model, tmp_path / "model")
    loaded = artefact.load(tmp_path / "model", Shelf())
    assert list(loaded.scorer.encoders) == [Meanings().sha256]
    assert np.allclose(loaded.probabilities(rows), model.probabilities(rows), atol=1e-6)
    assert {reason["column"] for reason in loaded.explain(rows[:1], [0])[0]} == {"note", "amount"}


def test_meanings_are_tried_where_a_table_has_texts_and_read_once() -> None:
    encoder = Meanings()
    with_texts = trained_on(complaints(120), encoder=encoder)
    assert any("meanings" in candidate["name"] for candidate in with_texts.candidates)
    assert len(encoder.read) == len(set(encoder.read))
    assert not any("meanings" in candidate["name"] for candidate in trained_on(rare(90), encoder=encoder).candidates)


def test_without_a_text_a_row_has_no_meaning() -> None:
    found, rows, targets = prepared(complaints(100))
    candidates = table_candidates.for_tables(found, np.bincount(targets).tolist(), Meanings())
    scorer = next(each for each in candidates if each.name == "linear on meanings").fit(rows, targets, 0)
    assert np.isfinite(scorer.scores([{}, {"note": "refund"}, {"note": " "}])).all()


def reports(rows: int, seed: int = 0) -> Table:
    """What was written decides, in either of two notes; some are missing, and some are not in Latin letters."""
    chance = Random(seed)  # noqa: S311 - repeatable data, not secrets
    words = {"A": ["возврат", "счёт", "refund", "invoice"], "B": ["доставка", "курьер", "parcel", "courier"]}
    found: list[Row] = []
    for number in range(rows):
        label = chance.choice("AB")
        first, second = (f"{chance.choice(words[label])} {chance.random()}" for _ in range(2))
        missing = chance.random() < 0.2
        found.append((None if missing else first, second, str(chance.random()), f"shop {number % 5}", label))
    return Table(("note", "reply", "amount", "shop", "label"), found)


def test_texts_that_decide_are_read_whatever_stands_beside_them() -> None:
    result = trained_on(reports(400))
    records = [dict(zip(("note", "reply", "amount", "shop"), row, strict=False)) for row in reports(200, seed=1).rows]
    answers = result.served.probabilities(records).argmax(axis=1)
    right = ["AB"[answer] == row[4] for answer, row in zip(answers, reports(200, seed=1).rows, strict=True)]
    assert np.mean(right) > 0.97


def test_texts_are_tried_alone_early_and_only_where_there_are_some() -> None:
    assert list(offered(reports(100)))[1] == "linear on texts alone, C=1"
    assert not any("text" in name for name in offered(shops(1_000)))


def test_a_model_of_texts_alone_is_explained_by_them_exactly() -> None:
    scorer, rows, _ = fitted(reports(300), "linear on texts alone, C=1")
    (reasons,) = scorer.reasons(rows[5:6], [1])
    assert set(reasons) == {"note", "reply"}
    for name, weight in reasons.items():
        scores = scorer.scores([rows[5], rows[5] | {name: None}])
        assert np.isclose(weight, np.diff(scores)[0] - np.diff(scores)[1], atol=1e-4)


def test_a_model_of_texts_alone_is_saved_and_warns_of_no_other_column(tmp_path: Path) -> None:
    data = reports(300)
    scorer, rows, _ = fitted(data, "linear on texts alone, C=1")
    model = Predictor(prepared(data)[0], ("A", "B"), 1.0, scorer, tuple(rows[:3]))
    artefact.save(model, tmp_path / "model")
    loaded = artefact.load(tmp_path / "model")
    assert np.array_equal(loaded.probabilities(rows), model.probabilities(rows))
    assert loaded.warnings([rows[0] | {"shop": "a new one"}]) == []


def test_texts_that_are_lengthened_for_fitting_are_served_as_they_are() -> None:
    scorer, rows, targets = fitted(reports(300), "linear with bends, texts count more")
    plain, _, _ = fitted(reports(300), "linear with bends, C=1")
    assert isinstance(scorer, TableLinear)
    assert isinstance(plain, TableLinear)
    assert np.array_equal(scorer.design.matrix(rows).toarray(), plain.design.matrix(rows).toarray())
    assert np.mean(scorer.scores(rows).argmax(axis=1) == targets) > 0.95
