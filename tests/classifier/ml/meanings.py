"""A sentence encoder small enough to read: it knows which words mean the same, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from classifier.ml.errors import EncoderMissing
from classifier.ml.sentences import Embeds

SAME = ("money payment refund charge invoice", "parcel package courier delivery", "password login account profile")
SHA256 = "5" * 64


@dataclass
class Meanings:
    """One dimension for each group of words that mean the same, and one for all other words; `read` are its texts."""

    name: str = "meanings"
    sha256: str = SHA256
    width: int = len(SAME) + 1
    read: list[str] = field(default_factory=list)

    def embed(self, texts: Sequence[str], *, threads: int = 1) -> NDArray[np.float32]:
        assert threads >= 1
        self.read.extend(texts)
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(-1, self.width)

    def _vector(self, text: str) -> NDArray[np.float64]:
        counts = np.zeros(self.width)
        for word in text.lower().split():
            counts[next((place for place, words in enumerate(SAME) if word in words.split()), len(SAME))] += 1
        return counts / max(1.0, float(np.linalg.norm(counts)))


class Shelf:
    """Where models find it."""

    def get(self, sha256: str) -> Embeds:
        if sha256 != SHA256:
            raise EncoderMissing(f"There is no encoder {sha256[:12]}.")
        return Meanings()
