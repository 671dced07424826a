"""The models that are served beside the peers, one of each quality, and how ours is to do at that."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.bench.bank import MODEL
from tests.bench.row import Wanted, at_least, at_most


@dataclass(frozen=True)
class Contest:
    """A model, at how many connections it is asked, and what of ours is wanted as a part of the best peer's.

    `wanted` is by a figure's name and a number of connections.
    """

    quality: str
    model: str
    title: str
    connections: tuple[int, ...]
    wanted: Mapping[tuple[str, int], Wanted]

    @property
    def has_encoder(self) -> bool:
        return self.quality != "fast"


# Without an encoder the time is the servers'. With it nearly all of it is the model's, which is the same for all: none
# can be several times as fast as another, and 64 connections keep every processor busy.
CONTESTS = {
    contest.quality: contest
    for contest in (
        Contest(
            quality="fast",
            model=MODEL,
            title="without an encoder",
            connections=(1, 16, 64, 256),
            wanted={
                ("requests/s", 64): at_least(3, 4),
                ("p50", 1): at_most(1, 0.8),
                ("p99", 64): at_most(0.5, 0.25),
            },
        ),
        Contest(
            quality="best",
            model=f"{MODEL}-best",
            title="with the sentence encoder",
            connections=(1, 16, 64),
            wanted={
                ("requests/s", 64): at_least(1, 1.2),
                ("p50", 1): at_most(1),
                ("p99", 64): at_most(1),
            },
        ),
    )
}
