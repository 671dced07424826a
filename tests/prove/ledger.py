"""What came of every test of a run, and what follows for each attack."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest

LAYERS = (
    *("database", "broker", "files", "memory", "processes", "network", "models", "API", "dashboard", "gateway"),
    *("uploads", "exports", "jobs"),
)
ENFORCERS = ("kernel", "PostgreSQL", "Valkey", "code")


class Result(StrEnum):
    HELD = "held"
    BROKEN = "BROKEN"
    ABSENT = "not on this machine"


@dataclass
class Outcome:
    """One test: which attack it belongs to, whether it is a control, and what came of it."""

    id: str
    attack: tuple[str, str, str] | None = None
    is_control: bool = False
    failed: bool = False
    # Why it did not run.
    skipped: str = ""
    figures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def module(self) -> str:
        return self.id.partition("::")[0]

    @property
    def name(self) -> str:
        return self.id.rpartition("::")[2]


@dataclass(frozen=True)
class Row:
    """A line of the scorecard."""

    layer: str
    enforcer: str
    attack: str
    result: Result
    # Why it is not simply held.
    reason: str
    figures: list[str]
    tests: int
    seconds: float


class Ledger:
    """A plugin that hears every report of a run."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = self.outcomes.setdefault(report.nodeid, Outcome(report.nodeid))
        said: dict[str, Any] = dict(report.user_properties)
        outcome.is_control = bool(said.get("control"))
        outcome.attack = tuple(said["proves"]) if "proves" in said else None
        outcome.figures = [str(value) for name, value in report.user_properties if name == "figure"]
        outcome.failed |= report.failed
        outcome.seconds += report.duration
        if report.skipped:
            # Where, at which line, and why.
            outcome.skipped = str(report.longrepr[2] if isinstance(report.longrepr, tuple | list) else report.longrepr)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.outcomes[report.nodeid] = Outcome(report.nodeid, failed=True)

    @property
    def rows(self) -> list[Row]:
        return rows(self.outcomes.values())


def rows(outcomes: Iterable[Outcome]) -> list[Row]:
    """Return a line for each attack, layer by layer, and one for each failure that belongs to none."""
    outcomes = list(outcomes)
    failed_controls: defaultdict[str, list[str]] = defaultdict(list)
    by_attack: defaultdict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.attack:
            by_attack[outcome.attack].append(outcome)
        elif outcome.failed and outcome.is_control:
            failed_controls[outcome.module].append(outcome.name)
        elif outcome.failed:
            # A module that cannot be read, or a process that died in its test.
            by_attack["the run itself", "code", outcome.id].append(outcome)
    found = [_row(*attack, tests, failed_controls) for attack, tests in by_attack.items()]
    return sorted(found, key=lambda row: LAYERS.index(row.layer) if row.layer in LAYERS else len(LAYERS))


def _row(layer: str, enforcer: str, attack: str, tests: list[Outcome], failed_controls: dict[str, list[str]]) -> Row:
    failed = [test.name for test in tests if test.failed]
    blind = [name for module in {test.module for test in tests} for name in failed_controls.get(module, ())]
    absent = list(dict.fromkeys(test.skipped.removeprefix("Skipped: ") for test in tests if test.skipped))
    if failed:
        result, reason = Result.BROKEN, ", ".join(failed)
    elif blind:
        result, reason = Result.BROKEN, f"its control failed, so nothing is proven: {', '.join(blind)}"
    elif all(test.skipped for test in tests):
        result, reason = Result.ABSENT, "; ".join(absent)
    else:
        result, reason = Result.HELD, "; ".join(f"in part: {why}" for why in absent)
    figures = list(dict.fromkeys(figure for test in tests for figure in test.figures))
    return Row(layer, enforcer, attack, result, reason, figures, len(tests), sum(test.seconds for test in tests))
