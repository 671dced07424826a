"""The table that is printed while the course runs, and the same as JSON."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from saas.smoke.failures import Failed

WIDTH = 34


@dataclass(frozen=True)
class Step:
    step: str
    seconds: float
    ok: bool
    said: str = ""

    def __str__(self) -> str:
        return f"{self.step:{WIDTH}}{self.seconds:8.2f} s  {'ok' if self.ok else f'FAILED: {self.said}'}"


@dataclass
class Report:
    url: str
    steps: list[Step] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return bool(self.steps) and all(step.ok for step in self.steps)

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Run a step, and print how it came out. What it raises goes on."""
        started, said = time.monotonic(), "interrupted"
        try:
            yield
            said = ""
        except Failed as error:
            said = str(error)
            raise
        finally:
            step = Step(name, round(time.monotonic() - started, 3), not said, said)
            self.steps.append(step)
            sys.stdout.write(f"{step}\n")
            sys.stdout.flush()

    def summary(self) -> str:
        failed = [step.step for step in self.steps if not step.ok]
        return f"{len(self.steps)} steps in {self.seconds:.1f} s: {'failed: ' + ', '.join(failed) if failed else 'ok'}"

    def as_json(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "ok": self.ok,
            "seconds": round(self.seconds, 3),
            "steps": [asdict(step) for step in self.steps],
        }
