"""What a process says of itself: one JSON object a line for machines, or a line for people.

Whose work it is just now is known in few places: where a request comes in, where a key or a membership tells the
organisation, and where a job begins. They say so here, and every line that is written meanwhile names it.

No customer's content may be in a line. An error quotes what it stumbles over, such as a value that is no number or a
row that is there twice. So of an error its kind and the places in the code are written, and its own words only where
they come from the system or from a server that was not reached.
"""

from __future__ import annotations

import json
import logging
import logging.config
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar
from datetime import UTC, datetime
from traceback import walk_tb
from typing import Any, TextIO

FORMS = ("json", "line")
# Whose own words may be read by everybody, by the names of their kinds: what is not loaded need not be for this.
SPEAKING = frozenset(
    {
        *("OSError", "OperationalError", "InterfaceError", "ConnectionError", "TimeoutError", "ImportError"),
        *("UnsafeConfiguration", "UnsafeLogin", "BadEnvironment", "ImproperlyConfigured", "DisallowedHost"),
    }
)
# Of an error that went round in circles the last places say enough.
PLACES = 30
# A person at a terminal is shown an error as Python shows it.
AT_A_TERMINAL = frozenset({"manage", "test"})

_about: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039 - It is replaced, never changed.
# What all of a process is about, whichever thread says something: a worker has one organisation.
_always: dict[str, str] = {}


@contextmanager
def about(**known: str) -> Iterator[None]:
    """Let every line that is written in the block name these: `request`, `tenant` or `job`."""
    token = _about.set({**_about.get(), **known})
    try:
        yield
    finally:
        _about.reset(token)


def note(**known: str) -> None:
    """Let the lines of the block that is open name these as well; without a block, every line from now on."""
    _about.set({**_about.get(), **known})


def always(**known: str) -> None:
    """Let every line of this process name these."""
    _always.update(known)


def known() -> dict[str, str]:
    """Return what a line that is written now names."""
    return {**_always, **_about.get()}


def apart(**known: str) -> Context:
    """Return a context for what outlives the request that it was begun by, and is about these alone."""
    context = Context()
    context.run(note, **known)
    return context


def words(error: BaseException) -> str:
    """Return what may be written of an error: its kind, and what it says where that quotes no customer."""
    kind = type(error).__name__
    if not any(each.__name__ in SPEAKING for each in type(error).__mro__):
        return kind
    # With a file's name the system says whose file it is.
    said = getattr(error, "strerror", None) or str(error).strip()
    return f"{kind}: {said}" if said else kind


def trace(error: BaseException) -> Iterator[str]:
    """Yield how it came to an error, a line a place, with what had led to it before it."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from trace(cause)
    for frame, line in list(walk_tb(error.__traceback__))[-PLACES:]:
        yield f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}"
    yield words(error)


class Json(logging.Formatter):
    """One object a line, with the time in UTC (RFC 3339)."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said: dict[str, Any] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "part": os.environ.get("ASSORT_PART", ""),
            **known(),
        }
        if error := _error_of(record):
            said |= {"error": words(error), "trace": list(trace(error))}
        return json.dumps(said, ensure_ascii=False)


class Line(logging.Formatter):
    """A line for people, and those that follow of an error are indented."""

    def format(self, record: logging.LogRecord) -> str:
        at = self.formatTime(record)
        message = record.getMessage().replace("\n", "\\n")
        named = "".join(f" {name}={value}" for name, value in known().items())
        error = _error_of(record)
        lines = [f"{at} {record.levelname} {record.name} {message}{named}", *(trace(error) if error else ())]
        return "\n    ".join(lines)


def form() -> str:
    """Return the form of this process's lines: ASSORT_LOGS, and else objects in production and lines in development."""
    return os.environ.get("ASSORT_LOGS") or ("json" if os.environ.get("ASSORT_MODE") == "production" else "line")


def formatter() -> logging.Formatter:
    return Json() if form() == "json" else Line()


class OfDjango(logging.Filter):
    """Takes out of Django's lines what a request brings: its path for the route, which may be a letter's secret link.

    What only a client is to blame for is a line, and no trace.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request: Any = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple):
            match = getattr(request, "resolver_match", None)
            route = f"/{match.route}" if match else "an address that leads nowhere"
            record.args = tuple(route if said == request.path else said for said in record.args)
        if record.name.startswith("django.security") and record.exc_info:
            error, record.exc_info = _error_of(record), None
            record.msg, record.args = "%s", (words(error) if error else "a suspicious request",)
        return True


class OfCelery(logging.Filter):
    """Takes out of Celery's lines what they quote: the words of a task's error, and a message that it cannot use."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("celery."):
            return True
        if isinstance(record.args, Mapping) and "exc" in record.args:
            record.args = {**record.args, "exc": "see its trace"}
        elif record.args and "body" in str(record.msg):
            record.msg, record.args = str(record.msg).partition("%")[0].strip(), ()
        return True


def configuration() -> dict[str, Any]:
    """Return the configuration of Python's logging: every line goes to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ours": {"()": "tenants.logs.formatter"}},
        "filters": {"django": {"()": "tenants.logs.OfDjango"}, "celery": {"()": "tenants.logs.OfCelery"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "ours", "filters": ["django", "celery"]}
        },
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {"django.request": {"level": "ERROR"}},
    }


def configure(config: Mapping[str, Any]) -> None:
    """Have this process write its lines as `config` says, those about errors that nobody caught among them."""
    logging.config.dictConfig(dict(config))
    if os.environ.get("ASSORT_PART") not in AT_A_TERMINAL:
        sys.excepthook = _uncaught
        threading.excepthook = _uncaught_in_a_thread
        warnings.showwarning = _warned


def _error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _uncaught(kind: type[BaseException], error: BaseException, places: Any) -> None:
    if isinstance(error, KeyboardInterrupt):
        sys.__excepthook__(kind, error, places)
    else:
        logging.getLogger("uncaught").critical("this process ends", exc_info=(kind, error, places))


def _uncaught_in_a_thread(found: threading.ExceptHookArgs) -> None:
    if isinstance(found.exc_value, BaseException) and not isinstance(found.exc_value, SystemExit):
        logging.getLogger("uncaught").error("a thread ends", exc_info=found.exc_value)


def _warned(  # noqa: PLR0917 - Python's own parameters.
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning may quote as well: of values that a model has not seen, for instance."""
    logging.getLogger("py.warnings").warning("%s at %s:%d", category.__name__, filename, lineno)
