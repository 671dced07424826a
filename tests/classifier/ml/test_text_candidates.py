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


def names(rows: int, quality: str = "auto") -> list[str]:
    offered = worth_trying(TEXT, rows=rows, names=["a", "b"], quality=quality, encoder=Meanings())
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
    assert "linear on sentences and the names of labels, C=10" in names(60)
    assert not any("names" in name for name in names(5_000))


def test_the_best_takes_its_time_and_the_fast_no_encoder() -> None:
    assert names(60, "fast") == ["linear on words and characters, C=1"]
    assert len(names(60, "best")) > len(names(60))


def test_a_name_alone_says_what_a_label_is_about() -> None:
    fitting = next(c for c in text_candidates.for_texts(["refund", "courier"], 16, Meanings(), is_thorough=False)[1:])
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
