from __future__ import annotations

import numpy as np
import pytest

from classifier.ml import text_candidates
from classifier.ml.candidates import worth_trying
from classifier.ml.schema import Column, Schema
from classifier.ml.sentences import Remembered

from .meanings import Meanings

TEXT = Schema("label", "text", (Column("text", "text", 0, 9, ()),))
TEXTS = ["hello there", "good day", "so long", "see you"] * 4
TARGETS = np.array([0, 0, 1, 1] * 4, dtype=np.intp)


def names(*counts: int, quality: str = "auto") -> list[str]:
    offered = worth_trying(TEXT, names=["a", "b"], counts=counts, quality=quality, encoder=Meanings())
    return [candidate.name for candidate in offered]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("card_arrival", "card arrival"),
        ("cardArrival", "card arrival"),
        ("CARD-ARRIVAL", "card arrival"),
        ("HTTPError404", "http error 404"),
        ("Überweisung", "überweisung"),
        ("配送", "配送"),
        ("!", "!"),
    ],
)
def test_a_label_is_said_as_people_say_it(name: str, said: str) -> None:
    assert text_candidates.spoken(name) == said


def test_names_of_labels_count_where_there_are_few_rows() -> None:
    assert "linear on sentences and the names of labels, C=10" in names(30, 30)
    assert not any("names" in name for name in names(2_500, 2_500))


def test_the_best_takes_its_time_and_the_fast_no_encoder() -> None:
    assert names(30, 30, quality="fast") == ["linear on words and characters, C=1"]
    assert len(names(30, 30, quality="best")) > len(names(30, 30))


def test_a_name_alone_says_what_a_label_is_about() -> None:
    fitting = next(
        c for c in text_candidates.for_texts(["refund", "courier"], [8, 8], Meanings(), is_thorough=False)[1:]
    )
    scores = fitting.fit(TEXTS, TARGETS, 0).scores(["my invoice", "my parcel"])
    assert scores.argmax(axis=1).tolist() == [0, 1]


def test_a_training_reads_each_text_once() -> None:
    encoder, shares = Meanings(), list[float]()
    remembered = Remembered.reading(encoder, TEXTS, progress=shares.append)
    assert sorted(encoder.read) == sorted(set(TEXTS))
    remembered.embed(TEXTS)
    assert len(encoder.read) == len(set(TEXTS))
    assert shares[-1] == 1.0


def test_it_does_not_matter_which_texts_were_known() -> None:
    known = Remembered.reading(Meanings(), TEXTS, progress=lambda _: None)
    others = Remembered.reading(Meanings(), ["another"], progress=lambda _: None)
    assert np.array_equal(known.embed(TEXTS), others.embed(TEXTS))


def test_where_a_label_is_rare_one_is_tried_in_which_it_counts_for_more() -> None:
    assert "linear on sentences and the names of labels, balanced" in names(95, 5)
    assert not any("balanced" in name for name in names(60, 40))


@pytest.mark.parametrize("encoder", [None, Meanings()])
def test_balanced_models_find_more_of_a_rare_label(encoder: Meanings | None) -> None:
    chance = np.random.default_rng(0)
    targets = (chance.random(400) < 0.06).astype(np.intp)
    words = np.where(chance.random(400) < 0.7, targets, chance.integers(0, 2, 400))
    said = [["refund", "courier"][word] + " please" * (row % 9) for row, word in enumerate(words)]
    offered = text_candidates.for_texts(["a", "b"], np.bincount(targets).tolist(), encoder, is_thorough=False)
    usual, balanced = (
        next(c for c in offered if kind in c.name and "linear" in c.name) for kind in (", C=", "balanced")
    )
    found = [
        (candidate.fit(said, targets, 0).scores(said).argmax(axis=1) & targets).sum() for candidate in (usual, balanced)
    ]
    assert found[1] >= found[0]
