"""A round of a fault: a blow in the middle of work, the recovery from it, and the ledger's verdict on all of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from tests.faults.ledger import CLASSIFICATION, TRAINING, Accepted, Ledger
from tests.faults.siege import Load, Siege
from tests.faults.stage import Stage
from tests.form import cases

# What is lost with a worker comes back within this time, and all else within that of the servers.
WORKERS_SECONDS, SERVERS_SECONDS = 15.0, 60.0
# A blow falls so many seconds after the first request.
MOMENTS = (0.2, 2.5)
SUDDEN = Load(cases(short=30, long=48), cases(short=1, long=3), 3.0)
WAITING = Load(cases(short=40, long=180), cases(short=2, long=6), cases(short=5, long=40))


@dataclass(frozen=True)
class Blow:
    """What a blow has left: the moment from which the recovery counts, and the jobs that its victim had in hand.

    `accepted` are those that the blow itself asked for.
    """

    began: float
    in_hand: Sequence[str] = ()
    accepted: Sequence[Accepted] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of fault; `strike` returns when the blow itself is over."""

    name: str
    strike: Callable[[Stage, Random], Blow]
    times: int
    load: Load = SUDDEN
    within: float = SERVERS_SECONDS


@dataclass(frozen=True)
class Outcome:
    """What came of a round; it is kept as JSON."""

    kind: str
    number: int
    seed: str
    recovered: float
    classifications: int
    trainings: int
    wrongs: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def play(kind: Kind, number: int, seed: int, *, stage: Stage, ledger: Ledger) -> Outcome:
    """Play one round. The seed says when the blow falls, and on whom."""
    random = Random(own := f"{seed}/{kind.name}/{number}")  # noqa: S311 - a moment, not a secret
    siege = Siege(stage, ledger, random)
    wrongs: list[str] = []
    with siege.under(kind.load):
        time.sleep(random.uniform(*MOMENTS))
        blow = _struck(kind, stage, random, siege.wrongs)
        ledger.note(*blow.accepted)
        canary = siege.canary()
    verdict = ledger.close()
    recovered = max(canary, ledger.resumed(blow.in_hand, blow.began)) - blow.began
    if recovered > kind.within:
        wrongs.append(f"recovered after {recovered:.1f} s, and not within {kind.within:.0f} s")
    counts = verdict.counts
    return Outcome(
        kind=kind.name,
        number=number,
        seed=own,
        recovered=round(recovered, 2),
        classifications=counts[CLASSIFICATION],
        trainings=counts[TRAINING],
        wrongs=wrongs + verdict.wrongs + siege.wrongs,
    )


def _struck(kind: Kind, stage: Stage, random: Random, wrongs: list[str]) -> Blow:
    """Strike, and return what that has left; a blow that fails is no reason not to look at what became of the jobs."""
    try:
        return kind.strike(stage, random)
    except AssertionError as error:
        wrongs.append(str(error))
        return Blow(time.time())
