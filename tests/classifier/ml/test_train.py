from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from classifier.ml import artefact, schema, split
from classifier.ml.errors import TableRejected
from classifier.ml.origin import data_sha256
from classifier.ml.table import Cell, Table
from classifier.ml.train import STAGES, Trained, train

from .conftest import python, records, texts, trained_on
from .meanings import Meanings


def test_a_text_model_learns_its_topics(text_model: Trained) -> None:
    found = text_model.evaluation
    assert found.method == "held_out"
    assert found.accuracy > 0.95 > found.baseline
    assert found.accuracy_interval[0] < found.accuracy <= found.accuracy_interval[1]


def test_a_table_model_learns_what_a_linear_one_cannot(table_model: Trained) -> None:
    assert table_model.evaluation.accuracy > 0.85
    scores = {candidate["name"]: candidate["accuracy"] for candidate in table_model.candidates}
    assert scores["linear, C=1"] < 0.8 < scores["boosted trees"]
    assert [candidate["name"] for candidate in table_model.candidates if candidate["chosen"]] != ["linear, C=1"]


def test_progress_goes_through_the_stages() -> None:
    steps: list[tuple[str, float]] = []
    result = trained_on(texts(60), progress=lambda stage, share, _: steps.append((stage, share)))
    assert list(dict.fromkeys(stage for stage, _ in steps)) == list(STAGES) == list(result.seconds)
    for stage in STAGES:
        shares = [share for name, share in steps if name == stage]
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_the_twin_has_not_seen_the_held_out_rows() -> None:
    data = texts(200)
    # Were it trained on the held-out rows, the twin would know the word that only these have.
    found = schema.infer(data)
    rows, labels, _ = schema.examples(data, found)
    held = split.held_out(rows, labels)
    marked: list[dict[str, Cell]] = [
        {"text": f"{row['text']} xyzzy" if side else row["text"]} for row, side in zip(rows, held, strict=True)
    ]
    result = train(marked, labels, held, found)
    listings = [model.scorer.pack()[1]["grams"].tobytes() for model in (result.twin, result.served)]
    assert [b"\nxyzzy\n" in listing for listing in listings] == [False, True]


def test_the_predictions_name_the_held_out_rows() -> None:
    data = texts(200)
    rows, labels, _ = schema.examples(data, schema.infer(data))
    result = trained_on(data)
    held = np.flatnonzero(split.held_out(rows, labels))
    assert [prediction.row for prediction in result.evaluation.predictions] == held.tolist()
    assert [prediction.label for prediction in result.evaluation.predictions] == [labels[row] for row in held]


TRAIN_AND_SAVE = """
import sys
from pathlib import Path
from classifier.ml import artefact
from tests.classifier.ml.test_train import trained_with_and_without_an_encoder
for number, result in enumerate(trained_with_and_without_an_encoder()):
    folder = Path(sys.argv[1]) / str(number)
    print(artefact.save(result.served, folder, origin=result.origin), result.evaluation.log_loss)
"""


def trained_with_and_without_an_encoder() -> list[Trained]:
    data = [texts(60), records(40)]
    return [trained_on(each, seed=3, encoder=encoder) for each in data for encoder in (None, Meanings())]


def test_the_same_data_and_seed_give_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    there = python(TRAIN_AND_SAVE, str(tmp_path / "there")).split()
    here: list[str] = []
    for number, result in enumerate(trained_with_and_without_an_encoder()):
        sha256 = artefact.save(result.served, tmp_path / "here" / str(number), origin=result.origin)
        here += [sha256, str(result.evaluation.log_loss)]
    assert here == there
    assert len(here) == 8


def test_the_time_that_candidates_took_is_not_part_of_what_a_model_is(tmp_path: Path) -> None:
    data = texts(120)
    one, other = (
        trained_on(data, seed=3, progress=slowly) for slowly in (lambda *_: None, lambda *_: time.sleep(0.01))
    )
    assert one.candidates != other.candidates
    assert one.origin == other.origin
    hashes = {
        artefact.save(each.served, tmp_path / name, origin=each.origin) for name, each in (("1", one), ("2", other))
    }
    assert len(hashes) == 1


def test_the_manifest_names_the_rows_the_split_and_what_was_tried(tmp_path: Path) -> None:
    data = texts(120)
    result = trained_on(data, seed=3)
    artefact.save(result.served, tmp_path / "model", origin=result.origin)
    origin = json.loads((tmp_path / "model" / "manifest.json").read_text())["origin"]
    rows, labels, _ = schema.examples(data, schema.infer(data))
    assert origin["data"]["sha256"] == data_sha256(rows, labels) != data_sha256(rows, labels[::-1])
    assert origin["data"]["split"]["held_out"] == split.held_out(rows, labels).sum()
    assert origin["seed"] == 3
    assert [tried["chosen"] for tried in origin["candidates"]].count(True) == 1


@pytest.mark.parametrize("kind", ["text", "table"])
def test_two_rows_a_label_are_enough(kind: str) -> None:
    texts_of = {"a": ["alpha one", "alpha two"], "b": ["beta one", "beta two"], "c": ["gamma one", "gamma two"]}
    found: list[tuple[Cell, ...]] = [
        (text, str(size), label) for size, (label, both) in enumerate(texts_of.items()) for text in both
    ]
    data = Table(("text", "size", "label"), found)
    inferred = schema.infer(data, text="text" if kind == "text" else None)
    rows, labels, _ = schema.examples(data, inferred)
    result = train(rows, labels, split.held_out(rows, labels), inferred)
    assert result.evaluation.method == "cross_validation"
    assert result.evaluation.rows > 0
    answers = result.served.probabilities(inferred.inputs(rows)).argmax(axis=1)
    assert [result.served.labels[answer] for answer in answers] == labels


def test_a_label_with_a_single_row_is_learned_beside_others() -> None:
    data = texts(80)
    data.rows.append(("the only rare thing", "rare"))
    assert "rare" in trained_on(data).served.labels


def test_repeated_rows_do_not_make_the_cross_validation_believe_it_knows_everything() -> None:
    data = Table(("text", "label"), [(f"word{row // 6} thing", "ab"[row // 6 % 2]) for row in range(360)])
    result = trained_on(data)
    assert max(candidate["accuracy"] for candidate in result.candidates) < 0.7


def test_many_labels_are_no_trouble() -> None:
    data = Table(("text", "label"), [(f"topic{row % 300} number {row}", f"label{row % 300}") for row in range(1_200)])
    result = trained_on(data, quality="fast")
    assert len(result.served.labels) == 300
    assert result.evaluation.accuracy > 0.9


def test_labels_that_cannot_be_trained_are_refused() -> None:
    found = schema.infer(texts(20))
    rows: list[dict[str, Cell]] = [{"text": "a"}, {"text": "b"}, {"text": "c"}]
    nothing = np.zeros(3, dtype=bool)
    with pytest.raises(TableRejected, match="fewer than two labels"):
        train(rows, ["x", "x", "x"], nothing, found)
    with pytest.raises(TableRejected, match="one row only"):
        train(rows, ["x", "y", "z"], nothing, found)
    with pytest.raises(ValueError, match="held out"):
        train(rows, ["x", "y", "x"], np.array([False, True, False]), found)


def test_a_table_of_every_type_is_learned_with_gaps() -> None:
    assert {column.type for column in schema.infer(records(200)).features} == {
        "number",
        "category",
        "boolean",
        "datetime",
        "text",
    }
    assert trained_on(records(200)).evaluation.accuracy > 0.5
