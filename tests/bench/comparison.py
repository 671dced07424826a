"""The same models under other model servers, in turn with ours: `--peers`.

A peer runs while it is measured, and at no other time. Each has as many processes as ours were seen to have until then.
"""

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import bank as banks
from tests.bench import curves, footprint, registry, serving, wrk
from tests.bench.bank import MODEL, Bank
from tests.bench.contest import Contest
from tests.bench.curves import OURS, Point
from tests.bench.peers import running as peers
from tests.bench.peers.environments import python_of
from tests.bench.peers.peer import PEERS, Peer
from tests.bench.peers.registered import encoders_of
from tests.bench.peers.running import Running
from tests.bench.row import Row
from tests.bench.wrk import Call, Load
from tests.end_to_end.stranger import Api
from tests.service import Service

SECONDS, WARM_UP_SECONDS, ROUNDS = 5, 3, 5


class UnequalLabels(Exception):
    """A peer answers otherwise than we do, so its figures would say nothing."""


class WithoutEncoder(Exception):
    """The training found a model better that reads no sentences, so its figures would say nothing of the encoder."""


@dataclass
class Comparison:
    rows: list[Row]
    points: list[Point]


@dataclass(frozen=True)
class Kitchen:
    """What every peer is started with."""

    pythons: dict[str, Path]
    model: Path
    folder: Path
    web_processes: int
    processes: int

    def start(self, peer: Peer) -> AbstractContextManager[Running]:
        return peers.started(
            peer,
            self.pythons[peer.name],
            self.model,
            folder=self.folder / peer.package,
            web_processes=self.web_processes,
            processes=self.processes,
        )


def measure(service: Service, contest: Contest) -> Comparison:
    """Raises UnequalLabels and WithoutEncoder."""
    bank = banks.furnish(service)
    if contest.model != MODEL:
        banks.train_further(service, bank, model=contest.model, quality=contest.quality)
    pythons = {peer.name: python_of(peer.package, peer.requirements) for peer in PEERS}
    with tempfile.TemporaryDirectory(prefix="assort-bench-") as made:
        model = registry.download(service, bank, contest.model, Path(made) / "model")
        if contest.has_encoder and not encoders_of(model).exists():
            raise WithoutEncoder(f"{contest.model} was trained without a sentence encoder.")
        serving.warm(service, bank, model=contest.model)
        web, workers = len(footprint.gateways(service)), len(footprint.workers(service, bank.tenant))
        kitchen = Kitchen(pythons, model, Path(made), web, max(1, workers))
        memory = _check(service, bank, contest.model, kitchen)
        points, most = _rounds(service, bank, contest, kitchen)
    processes = [Row("web processes", web, "each"), Row("model processes", most, "each")]
    return Comparison(curves.ratios(points, contest.wanted) + processes + memory, points)


def _check(service: Service, bank: Bank, model: str, kitchen: Kitchen) -> list[Row]:
    """Start each peer once, compare its labels with ours, and return the memory that it takes."""
    ours, memory = _our_labels(service, bank, model), []
    for peer in PEERS:
        with kitchen.start(peer) as running:
            theirs = running.labels(bank.questions)
            if differing := sum(mine != other for mine, other in zip(ours, theirs, strict=True)):
                raise UnequalLabels(f"{peer.name} gives {differing} of {len(ours)} texts another label than we do.")
            memory.append(Row(f"memory of {peer.name}, all its processes", running.megabytes(), "MB"))
    return memory


def _our_labels(service: Service, bank: Bank, model: str) -> list[str]:
    api = Api(service.url, bank.key)
    texts, half = list(bank.questions), len(bank.questions) // 2
    with api.client:
        answers = [api.classify(model, part).raise_for_status().json() for part in (texts[:half], texts[half:])]
    return [result["label"] for answer in answers for result in answer["results"]]


def _rounds(service: Service, bank: Bank, contest: Contest, kitchen: Kitchen) -> tuple[list[Point], int]:
    """Return what came of all rounds, and with how many model processes."""
    found: dict[tuple[str, int], list[Load]] = defaultdict(list)
    for number in range(1, ROUNDS + 1):
        sys.stdout.write(f"round {number} of {ROUNDS} {contest.title}\n")
        sys.stdout.flush()
        for load in _loads(service.url, bank.calls(model=contest.model), contest.connections):
            found[OURS, load.connections].append(load.checked())
            # A model that takes long may want a worker more only now.
            seen = len(footprint.workers(service, bank.tenant))
            kitchen = replace(kitchen, processes=max(kitchen.processes, seen))
        for peer in PEERS:
            with kitchen.start(peer) as running:
                calls = [peer.call(text) for text in bank.questions]
                for load in _loads(running.url, calls, contest.connections):
                    found[peer.name, load.connections].append(load)
    return [Point(server, curves.median(loads)) for (server, _), loads in found.items()], kitchen.processes


def _loads(url: str, calls: list[Call], connections: Sequence[int]) -> Iterator[Load]:
    wrk.put_load(url, calls, connections=connections[1], seconds=WARM_UP_SECONDS)
    for count in connections:
        yield wrk.put_load(url, calls, connections=count, seconds=SECONDS)
