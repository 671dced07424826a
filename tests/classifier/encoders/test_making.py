from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.encoders import bundled, graph, making, published
from classifier.ml import sentences
from classifier.ml.errors import ArtefactDamaged, EncoderMissing
from classifier.ml.sentences import Library, SentenceEncoder
from tests.classifier.encoders import small

# The beginnings of two vectors of the published model, as its authors' own library computed them.
REFERENCE = {
    "This is an example sentence": (0.067657, 0.063496, 0.048713, 0.079305),
    "Each sentence is converted": (0.086439, 0.102763, 0.005395, 0.002045),
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    folder = tmp_path_factory.mktemp("made")
    sha256 = making.make(published.read(small.publish(folder / "published")), folder / "new", name="small")
    (folder / "new").rename(folder / sha256)
    return Library(folder).get(sha256)


def bundled_as(*, is_small: bool) -> SentenceEncoder:
    found = published.read(bundled.folder())
    content = graph.build(found.weights, found.shape, is_small=is_small)
    return sentences.opened(content, found.tokenizer, name="bundled", tokens=256, width=768, sha256="")


@pytest.mark.parametrize(("is_small", "likeness"), [(False, 1.0), (True, 0.98)])
def test_its_vectors_are_those_of_the_published_model(is_small: bool, likeness: float) -> None:
    published_one, exact = bundled_as(is_small=is_small), bundled_as(is_small=False)
    # The second half is the published vector; the whole has length one, so it is shorter there.
    vectors = exact.embed(list(REFERENCE))[:, 384:] * np.sqrt(2)
    assert np.allclose(vectors[:, :4], list(REFERENCE.values()), atol=1e-4)
    likenesses = (published_one.embed(making.GOLDEN) * exact.embed(making.GOLDEN)).sum(axis=1)
    assert likenesses.min() > likeness - 1e-5


@given(st.lists(st.text(max_size=200), min_size=1, max_size=5))
def test_a_text_has_the_same_vector_alone_and_among_others(encoder: SentenceEncoder, texts: list[str]) -> None:
    together = encoder.embed(texts, threads=2)
    assert np.array_equal(together, np.concatenate([encoder.embed([text]) for text in texts]))
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("text", ["", " ", "\ud800", "👩‍👩‍👧", "card " * 10_000, "\x00"])
def test_any_text_has_a_vector(encoder: SentenceEncoder, text: str) -> None:
    assert np.isfinite(encoder.embed([text])).all()


def test_of_a_long_text_the_first_tokens_count(encoder: SentenceEncoder) -> None:
    assert np.array_equal(encoder.embed(["my card " * 50]), encoder.embed(["my card " * 90]))


@pytest.mark.parametrize("name", [sentences.GRAPH, sentences.TOKENIZER, sentences.VECTORS, sentences.MANIFEST])
def test_an_encoder_of_which_a_byte_differs_is_refused(tmp_path: Path, name: str) -> None:
    sha256 = making.make(published.read(small.publish(tmp_path / "published")), tmp_path / "new", name="small")
    path = (tmp_path / "new").rename(tmp_path / sha256) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtefactDamaged, match="add the encoder again"):
        Library(tmp_path).get(sha256)


def test_an_encoder_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EncoderMissing, match="which is not here"):
        Library(tmp_path).get("0" * 64)
    with pytest.raises(EncoderMissing, match="not named by its hash"):
        Library(tmp_path).get("../elsewhere")
