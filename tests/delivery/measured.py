"""What makes a process of the service measure itself. Python imports it at its start, while coverage is asked for."""

import os
import signal
from types import FrameType
from typing import Any

import coverage

_set = signal.signal


def start() -> None:
    """Measure this process and what it forks. Workers are not: behind their walls they can write nothing down."""
    if os.environ.get("ASSORT_PART") != "worker":
        signal.signal = _set_but_save  # type: ignore[assignment]
        coverage.process_startup()


def _set_but_save(number: int, handler: Any) -> Any:
    """Set a handler as signal.signal does. Where a process is to end without one, it first writes down what it has run.

    coverage has a handler of its own, which a part that is forked loses when it resets its signals.
    """
    ends = number == signal.SIGTERM and handler is signal.SIG_DFL
    return _set(number, _save_and_end if ends else handler)


def _save_and_end(number: int, frame: FrameType | None) -> None:
    if measurement := coverage.Coverage.current():
        measurement.stop()
        measurement.save()
    _set(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
