from pathlib import Path

import numpy as np
import pytest

from classifier import vectors
from classifier.ml.sentences import NOTHING, Remembered, text_hash
from tenants import isolation
from tests.classifier.ml.meanings import SHA256, Meanings

TEXTS = ["my refund", "a parcel", "something else"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(isolation, "directory", lambda tenant: tmp_path)
    return tmp_path


def read(encoder: Meanings, texts: list[str], **options: object) -> Remembered:
    known = vectors.load("t", ["ds_2", "ds_1"], sha256=SHA256, width=encoder.width)
    return Remembered.reading(encoder, texts, progress=lambda _: None, known=known)


def test_what_was_read_is_not_read_again() -> None:
    first = read(Meanings(), TEXTS)
    vectors.keep("t", "ds_1", first)
    encoder = Meanings()
    second = read(encoder, [*TEXTS, "new money"])
    assert encoder.read == ["new money"]
    assert np.array_equal(second.embed(TEXTS), first.embed(TEXTS))


def test_vectors_go_with_their_data_set() -> None:
    vectors.keep("t", "ds_1", read(Meanings(), TEXTS))
    vectors.drop("t", "ds_1")
    assert vectors.load("t", ["ds_1"], sha256=SHA256, width=4) is NOTHING


@pytest.mark.parametrize("content", [b"", b"not vectors", b"PK\x03\x04 and then nothing"])
def test_a_damaged_file_is_made_anew(content: bytes) -> None:
    vectors.keep("t", "ds_1", read(Meanings(), TEXTS))
    vectors.file_of("t", "ds_1", SHA256).write_bytes(content)
    encoder = Meanings()
    read(encoder, TEXTS)
    assert sorted(encoder.read) == sorted(TEXTS)


def test_those_of_another_encoder_or_width_are_not_taken() -> None:
    vectors.keep("t", "ds_1", read(Meanings(), TEXTS))
    assert vectors.load("t", ["ds_1"], sha256="6" * 64, width=4) is NOTHING
    assert vectors.load("t", ["ds_1"], sha256=SHA256, width=5) is NOTHING


def test_texts_are_known_by_a_hash_of_all_their_characters() -> None:
    assert len({text_hash(text) for text in ("a", "A", "a ", "\ud800", "")}) == 5
