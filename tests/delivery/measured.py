"""What makes a process of the service measure itself. Python imports it at its start, while coverage is asked for."""

import atexit
import os
import signal
import sqlite3.dump  # noqa: F401 - A worker could not load it any more when it writes down what it ran.
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

import coverage
from coverage.exceptions import CoverageException

# What a worker leaves behind, to be taken apart by coverage.py of this package.
WALLED = "walled."
_set = signal.signal
_close = os.closerange
_save = coverage.Coverage.save


def start(configuration: str, data: str) -> None:
    """Measure this process and what it forks, and leave `data` with a suffix behind."""
    if os.environ.get("ASSORT_PART") == "worker":
        os.register_at_fork(after_in_child=partial(_measure_behind_walls, configuration, os.path.dirname(data)))
        return
    signal.signal = _set_but_save  # type: ignore[assignment]
    coverage.Coverage.save = _save_if_possible  # type: ignore[assignment, method-assign]
    told = {"COVERAGE_PROCESS_START": configuration, "COVERAGE_FILE": data}
    os.environ.update(told)
    coverage.process_startup()
    # Whoever looks at what a process has been told finds nothing of this.
    for name in told:
        del os.environ[name]
    if os.environ.get("ASSORT_PART") == "web":
        _measure_foreign_threads()


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


def _save_if_possible(measurement: coverage.Coverage) -> None:
    """Save, unless the process has locked itself in meanwhile: it says nothing of that where somebody reads it."""
    with suppress(CoverageException):
        _save(measurement)


def _measure_foreign_threads() -> None:
    """Measure what the server of the pages calls: it does so in threads that Python has not made, and tells nothing."""
    wsgi: Any = import_module("granian.wsgi")
    wrap = wsgi._callback_wrapper

    def wrap_measured(application: Callable[..., Any], *more: Any, **named: Any) -> Any:
        def measured(*request: Any) -> Any:
            if sys.gettrace() is None:
                sys.settrace(threading.gettrace())
            return application(*request)

        return wrap(measured, *more, **named)

    wsgi._callback_wrapper = wrap_measured


def _measure_behind_walls(configuration: str, folder: str) -> None:
    """Measure a worker, which will be able to write nothing but what it has open by now."""
    descriptor, _ = tempfile.mkstemp(prefix=WALLED, dir=folder)

    def close_others(low: int, high: int) -> None:
        _close(low, descriptor)
        _close(max(low, descriptor + 1), high)

    def write_down() -> None:
        measurement.stop()
        os.write(descriptor, measurement.get_data().dumps())

    def write_down_and_leave(status: int) -> NoReturn:
        try:
            write_down()
        finally:
            leave(status)

    os.closerange = close_others
    measurement = coverage.Coverage(data_file=None, config_file=configuration)
    measurement.start()
    # Where a job is taken from its process, that ends at once.
    leave, os._exit = os._exit, write_down_and_leave
    atexit.register(write_down)
