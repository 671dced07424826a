"""Sentence encoders: from texts to vectors in which likeness of meaning is nearness.

An encoder is a folder that many models refer to by its hash:

encoder.json    its manifest: name, licence, where it is from, and the sha256 of every other file
graph.onnx      from the numbers of a text's tokens to its vector
tokenizer.json  from a text to the numbers of its tokens
golden.json     a few texts, and in golden.npy the vectors that they had when the encoder was made
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import ArtefactDamaged, EncoderMissing
from .grams import TEXT_LENGTH

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

FORMAT = 1
MANIFEST, GRAPH, TOKENIZER, GOLDEN, VECTORS = (
    *("encoder.json", "graph.onnx", "tokenizer.json", "golden.json", "golden.npy"),
)
# Processors of other makes round differently, and 8 bits are few.
_LIKENESS = 0.99
_TEXTS_AT_ONCE = 256
_HASH = re.compile("[0-9a-f]{64}")


class Embeds(Protocol):
    """What turns texts into vectors, in so many threads; `sha256` is the encoder's."""

    @property
    def name(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def width(self) -> int: ...
    def embed(self, texts: Sequence[str], *, threads: int = 1) -> NDArray[np.float32]: ...


class Encoders(Protocol):
    """Where a model finds its encoder."""

    def get(self, sha256: str) -> Embeds: ...


class _NoEncoders:
    def get(self, sha256: str) -> Embeds:
        raise EncoderMissing(f"This model needs the sentence encoder {sha256[:12]}, and none is given.")


NO_ENCODERS: Encoders = _NoEncoders()


@dataclass(frozen=True)
class SentenceEncoder:
    """Every text gets its vector alone: beside others in a batch, rounding would make it depend on them."""

    name: str
    sha256: str
    width: int
    tokenizer: Tokenizer = field(repr=False)
    session: InferenceSession = field(repr=False)

    def embed(self, texts: Sequence[str], *, threads: int = 1) -> NDArray[np.float32]:
        """Vectors of length one, shape (texts, width). Of a long text the first tokens count."""
        result = np.empty((len(texts), self.width), dtype=np.float32)

        def work(first: int) -> None:
            for place in range(first, len(texts), threads):
                result[place] = self._vector(texts[place])

        if threads == 1:
            work(0)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(work, range(threads)))
        return result

    def _vector(self, text: str) -> NDArray[np.float32]:
        # Half of a character's pair is a character to Python and JSON, and nothing to the tokenizer.
        readable = text[:TEXT_LENGTH].encode("utf-8", "replace").decode("utf-8")
        ids = np.array([self.tokenizer.encode(readable).ids], dtype=np.int64)
        (vectors,) = self.session.run(None, {"ids": ids})
        vector: NDArray[np.float32] = vectors[0]
        return vector


# Vectors in half precision by the hash of their text.
Known = Mapping[int, NDArray[np.float16]]
NOTHING: Known = {}


def text_hash(text: str) -> int:
    """64 bits of SHA-256: two of a hundred thousand texts have the same with a chance of less than 1 in 10^9."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])


@dataclass(frozen=True)
class Remembered:
    """An encoder that has read some texts before: their `vectors` (texts, width) are in half precision.

    A training asks for the same texts again and again, and the next one for most of them.
    """

    encoder: Embeds
    places: Mapping[str, int] = field(repr=False)
    vectors: NDArray[np.float16] = field(repr=False)

    @classmethod
    def reading(
        cls,
        encoder: Embeds,
        texts: Sequence[str],
        *,
        progress: Callable[[float], None],
        known: Known = NOTHING,
    ) -> Remembered:
        """Read each of the texts once, in as many threads as there are processors.

        Those whose hash is `known` have been read before, by the same encoder.
        """
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        vectors = np.empty((len(places), encoder.width), dtype=np.float16)
        unread = []
        for text, place in places.items():
            if (vector := known.get(text_hash(text))) is None:
                unread.append(text)
            else:
                vectors[place] = vector
        for start in range(0, len(unread), _TEXTS_AT_ONCE):
            part = unread[start : start + _TEXTS_AT_ONCE]
            vectors[[places[text] for text in part]] = encoder.embed(part, threads=processors())
            progress((start + len(part)) / len(unread))
        return cls(encoder, places, vectors)

    @property
    def name(self) -> str:
        return self.encoder.name

    @property
    def sha256(self) -> str:
        return self.encoder.sha256

    @property
    def width(self) -> int:
        return self.encoder.width

    @property
    def hashes(self) -> NDArray[np.uint64]:
        """The texts' hashes, (texts,)."""
        return np.array([text_hash(text) for text in self.places], dtype=np.uint64)

    def embed(self, texts: Sequence[str], *, threads: int = 1) -> NDArray[np.float32]:
        result = np.empty((len(texts), self.width), dtype=np.float32)
        for row, text in enumerate(texts):
            place = self.places.get(text)
            result[row] = self._anew(text) if place is None else self.vectors[place]
        return result

    def _anew(self, text: str) -> NDArray[np.float16]:
        """In half precision as well, so that it never matters which texts were known."""
        vector: NDArray[np.float16] = self.encoder.embed([text])[0].astype(np.float16)
        return vector


class Library:
    """The encoders in the folders of a directory, each loaded when it is first asked for."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._loaded: dict[str, SentenceEncoder] = {}

    def get(self, sha256: str) -> SentenceEncoder:
        """The encoder whose manifest has this hash. Raises EncoderMissing and ArtefactDamaged."""
        if not _HASH.fullmatch(sha256):
            raise EncoderMissing("This model needs a sentence encoder that is not named by its hash.")
        if sha256 not in self._loaded:
            self._loaded[sha256] = load(self.directory / sha256, sha256=sha256)
        return self._loaded[sha256]


def load(folder: Path, *, sha256: str) -> SentenceEncoder:
    """The encoder in a folder, if it is, byte for byte, the one with this hash.

    Raises EncoderMissing where there is none or its libraries are not installed, and ArtefactDamaged where a byte
    differs or its golden texts get other vectors.
    """
    if not (folder / MANIFEST).is_file():
        raise EncoderMissing(f"This model needs the sentence encoder {sha256[:12]}, which is not here.")
    manifest = json.loads(_unchanged(folder / MANIFEST, sha256))
    files = {name: _unchanged(folder / name, expected) for name, expected in manifest["files"].items()}
    # A session keeps the bytes that it is given; from a file it takes the weights only, so these go at once.
    del files[GRAPH]
    encoder = opened(
        folder / GRAPH,
        files[TOKENIZER],
        name=manifest["name"],
        tokens=manifest["tokens"],
        width=manifest["width"],
        sha256=sha256,
    )
    expected = np.load(BytesIO(files[VECTORS]), allow_pickle=False)
    likeness = (encoder.embed(json.loads(files[GOLDEN])) * expected).sum(axis=1)
    if not likeness.min() > _LIKENESS:
        raise ArtefactDamaged(f"The encoder in {folder} no longer gives the vectors it was made with; add it again.")
    return encoder


def opened(
    graph: bytes | Path, tokenizer: bytes, *, name: str, tokens: int, width: int, sha256: str
) -> SentenceEncoder:
    """An encoder of its parts; of a text it reads so many `tokens`. Raises EncoderMissing without the libraries."""
    # Its builds report to their makers otherwise, from a thread that also makes forking unsafe.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime  # noqa: PLC0415  # An installation without an encoder has none of these.
        from tokenizers import Tokenizer  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise EncoderMissing(f"The sentence encoder {name} needs {error.name}, which is not installed.") from error
    options = onnxruntime.SessionOptions()
    # A worker answers on one core. A pool of threads would not survive the fork either.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # What a long text took would be kept for good.
    options.enable_cpu_mem_arena = False
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    splitter = Tokenizer.from_str(tokenizer.decode())
    splitter.no_padding()
    splitter.enable_truncation(tokens)
    return SentenceEncoder(name, sha256, width, splitter, session)


def save(
    encoder: SentenceEncoder,
    folder: Path,
    *,
    graph: bytes,
    tokenizer: bytes,
    golden: Sequence[str],
    said: Mapping[str, Any],
) -> str:
    """Write an encoder into a new folder; returns its manifest's sha256. `said` is what else the manifest tells."""
    vectors = BytesIO()
    np.save(vectors, encoder.embed(golden), allow_pickle=False)
    files = {GRAPH: graph, TOKENIZER: tokenizer, GOLDEN: _json(list(golden)), VECTORS: vectors.getvalue()}
    named = {"format": FORMAT, "name": encoder.name, "width": encoder.width, **said}
    manifest = _json({**named, "files": {name: _sha256(content) for name, content in sorted(files.items())}})
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / MANIFEST).write_bytes(manifest)
    return _sha256(manifest)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def _unchanged(path: Path, sha256: str) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise ArtefactDamaged(f"{path} is missing; add the encoder again.")
    content = path.read_bytes()
    if _sha256(content) != sha256:
        raise ArtefactDamaged(f"{path} has changed since it was made; add the encoder again.")
    return content


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
