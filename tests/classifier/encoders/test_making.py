"""What an encoder gives for a text, and that it is, byte for byte, what was made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from classifier.encoders import making, published
from classifier.ml.errors import ArtefactDamaged, EncoderMissing
from classifier.ml.sentences import Library, Remembered, SentenceEncoder, text_hash
from saas.instance import ROOT
from tenants.errors import InvalidInput
from tests.classifier.encoders import tiny

TEXTS = ["one text", "another", "a third one that is longer than these"]


def test_a_text_gets_the_same_vector_alone_and_among_others(encoder: SentenceEncoder) -> None:
    together = encoder.embed(TEXTS, threads=3)
    assert all(np.array_equal(encoder.embed([text])[0], vector) for text, vector in zip(TEXTS, together, strict=True))


def test_vectors_have_the_length_one_and_differ(encoder: SentenceEncoder) -> None:
    vectors = encoder.embed(TEXTS)
    assert vectors.shape == (3, 2 * tiny.WIDTH)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert abs(vectors[0] - vectors[1]).max() > 0.01


def test_of_a_long_text_the_first_tokens_count(encoder: SentenceEncoder) -> None:
    long = "word " * 1_000
    assert np.array_equal(encoder.embed([long]), encoder.embed([long + "and nobody reads this"]))


@pytest.mark.parametrize("text", ["\ud800", "half \udfff a pair", "😀👩‍👩‍👧", ".", " ", "", "\x00", "é" * 9_000])
def test_no_text_is_too_odd_for_a_vector(encoder: SentenceEncoder, text: str) -> None:
    assert np.isfinite(encoder.embed([text])).all()


def test_making_the_same_again_gives_the_same_encoder(made: Path, tmp_path: Path) -> None:
    read = published.read(tiny.publish(tmp_path / "published"))
    assert making.make(read, tmp_path / "again", name="tiny") == made.name


@pytest.mark.parametrize("name", ["encoder.json", "graph.onnx", "tokenizer.json", "golden.json", "golden.npy"])
def test_a_folder_with_one_byte_changed_is_refused(made: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(made, tmp_path / made.name)
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(ArtefactDamaged, match=f"{name} has changed"):
        Library(tmp_path).get(made.name)


@pytest.mark.parametrize("sha256", ["0" * 64, "../../etc", ""])
def test_an_encoder_that_is_not_there_is_missing(tmp_path: Path, sha256: str) -> None:
    with pytest.raises(EncoderMissing):
        Library(tmp_path).get(sha256)


def test_weights_that_lack_a_layer_are_refused(tmp_path: Path) -> None:
    folder = tiny.publish(tmp_path / "published", num_hidden_layers=3)
    with pytest.raises(InvalidInput, match="weights lack"):
        making.make(published.read(folder), tmp_path / "made", name="tiny")


def test_parts_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    folder = tiny.publish(tmp_path / "published", num_attention_heads=3)
    with pytest.raises(InvalidInput, match="do not belong together"):
        making.make(published.read(folder), tmp_path / "made", name="tiny")
    assert not (tmp_path / "made").exists()


def test_known_vectors_are_not_computed_again(encoder: SentenceEncoder) -> None:
    known = {text_hash(text): np.full(encoder.width, number, np.float16) for number, text in enumerate(TEXTS[:2])}
    read = Remembered.reading(encoder, TEXTS, progress=lambda _: None, known=known)
    assert read.vectors[:2].tolist() == list(map(list, known.values()))
    assert np.array_equal(read.embed(TEXTS[2:]), encoder.embed(TEXTS[2:]).astype(np.float16).astype(np.float32))
    assert read.hashes.tolist() == list(map(text_hash, TEXTS))


FORKED = """
import os, sys
from pathlib import Path
from classifier.ml.sentences import Library
folder, sha256 = sys.argv[1:]
encoder = Library(Path(folder)).get(sha256)
print(len(os.listdir("/proc/self/task")), flush=True)
child = os.fork()
if child == 0:
    print(encoder.embed(["a text"], threads=2).shape, flush=True)
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_process_that_has_it_loaded_has_one_thread_and_can_fork(made: Path) -> None:
    environment = {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", FORKED, made.parent, made.name],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["1", "(1, 16)", "7"]
