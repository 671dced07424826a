"""All rounds of all faults, on several services at a time: what stands still for a minute beside what is sudden.

What is done is kept as JSON, so a campaign that was ended goes on where it was.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Lock

from saas.supervisor import say
from tests.faults.ledger import Ledger
from tests.faults.rounds import WAITING, Kind, Outcome, play
from tests.faults.stage import Stage
from tests.form import LONG

PROGRESS = "progress.json"
CLASSIFICATIONS, TRAININGS = 19_000, 1_000


@dataclass(frozen=True)
class Round:
    kind: Kind
    number: int

    @property
    def name(self) -> str:
        return f"{self.kind.name} {self.number}"


def _lanes(rounds: Sequence[Round]) -> list[Sequence[Round]]:
    """Return which rounds are played on which service: much of a round is waiting, so several are struck at a time."""
    sudden = [each for each in rounds if each.kind.load != WAITING]
    return [sudden[::2], sudden[1::2], [each for each in rounds if each.kind.load == WAITING]]


@dataclass
class Campaign:
    """The rounds of some kinds. `folder` keeps what is done; `seed` is kept there, too."""

    folder: Path
    kinds: Sequence[Kind]
    seed: int
    say: Callable[[str], None] = say
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            kept = json.loads((self.folder / PROGRESS).read_text())
            self.seed = kept["seed"]
            self.outcomes = {name: Outcome(**outcome) for name, outcome in kept["rounds"].items()}

    def run(self, *, seconds: float, times: int | None = None) -> bool:
        """Play what is not done yet, and say whether all is done. No round begins after `seconds`."""
        deadline = time.monotonic() + seconds
        # All kinds in turn, so that a run which is ended early has seen each.
        wanted = [Round(kind, n) for kind in self.kinds for n in range(times or kind.times)]
        left = sorted((each for each in wanted if each.name not in self.outcomes), key=lambda each: each.number)
        lanes = _lanes(left) if LONG else [left]
        with ThreadPoolExecutor(len(lanes)) as together:
            played = [together.submit(self._lane, number, lane, deadline) for number, lane in enumerate(lanes) if lane]
            return min([lane.result() for lane in played], default=True)

    def of(self, kind: str) -> list[Outcome]:
        return [outcome for outcome in self.outcomes.values() if outcome.kind == kind]

    def table(self) -> str:
        """Return a line for each kind: rounds, recovery, jobs, and what was wrong."""
        lines = [f"{'fault':<20} rounds  median   worst  classifications  trainings  wrong"]
        by_kind = defaultdict(list)
        for outcome in self.outcomes.values():
            by_kind[outcome.kind].append(outcome)
        for kind, found in by_kind.items():
            seconds = [outcome.recovered for outcome in found]
            jobs = sum(o.classifications for o in found), sum(o.trainings for o in found)
            wrong = sum(bool(outcome.wrongs) for outcome in found)
            lines.append(
                f"{kind:<20} {len(found):>6} {median(seconds):>6.1f}s {max(seconds):>6.1f}s"
                f" {jobs[0]:>16,} {jobs[1]:>10,} {wrong:>6}"
            )
        classifications, trainings = self.totals()
        return "\n".join([*lines, f"{classifications:,} classifications, {trainings:,} trainings, seed {self.seed}"])

    def totals(self) -> tuple[int, int]:
        found = self.outcomes.values()
        return sum(outcome.classifications for outcome in found), sum(outcome.trainings for outcome in found)

    def _lane(self, number: int, rounds: Sequence[Round], deadline: float) -> bool:
        stage = Stage(self.folder / f"stage-{number}-{time.time_ns()}")
        try:
            ledger = Ledger(stage)
            for each in rounds:
                if time.monotonic() > deadline:
                    return False
                self._note(each, play(each.kind, each.number, self.seed, stage=stage, ledger=ledger))
        finally:
            stage.close()
        return True

    def _note(self, played: Round, outcome: Outcome) -> None:
        self.say(f"{played.name}: recovered in {outcome.recovered:.1f} s, seed {outcome.seed} {outcome.wrongs or ''}")
        with self._lock:
            self.outcomes[played.name] = outcome
            kept = {"seed": self.seed, "rounds": {name: each.to_json() for name, each in self.outcomes.items()}}
            whole = self.folder / f"{PROGRESS}.new"
            whole.write_text(json.dumps(kept, indent=1))
            whole.replace(self.folder / PROGRESS)
