"""What makes a process of the service measure itself. Python imports it at its start, while coverage is asked for."""

import atexit
import os
import signal
import sqlite3.dump  # noqa: F401 - A worker could not load it any more when it writes down what it ran.
import tempfile
from types import FrameType
from typing import Any

import coverage

# What a worker leaves behind, to be taken apart by coverage.py of this package.
WALLED = "walled."
_set = signal.signal
_close = os.closerange


def start() -> None:
    """Measure this process and what it forks."""
    if os.environ.get("ASSORT_PART") == "worker":
        os.register_at_fork(after_in_child=_measure_behind_walls)
        return
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


def _measure_behind_walls() -> None:
    """Measure a worker, which will be able to write nothing but what it has open by now."""
    folder = os.path.dirname(os.environ["COVERAGE_FILE"])
    descriptor, _ = tempfile.mkstemp(prefix=WALLED, dir=folder)

    def close_others(low: int, high: int) -> None:
        _close(low, descriptor)
        _close(max(low, descriptor + 1), high)

    def write_down() -> None:
        measurement.stop()
        os.write(descriptor, measurement.get_data().dumps())

    os.closerange = close_others
    measurement = coverage.Coverage(data_file=None, config_file=os.environ["COVERAGE_PROCESS_START"])
    measurement.start()
    atexit.register(write_down)
