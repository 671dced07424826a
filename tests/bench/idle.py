"""The service with nothing to do."""

import time

from tests.bench import footprint
from tests.bench.row import Row, at_most
from tests.service import Service

SECONDS = 30
# What was started for the sample ends when it has had nothing to do for a while.
SETTLED_SECONDS = 420
PASSING = ("infer ", "train ", "batch ", "registrar.recorder")


def measure(service: Service) -> list[Row]:
    _settle(service)
    share = footprint.share_of_a_core(service, SECONDS)
    found = footprint.processes(service)
    return [
        Row("memory of the idle service, all processes", footprint.megabytes(found), "MB", at_most(700)),
        Row("processor time of the idle service", 100 * share, "% of a core", at_most(1)),
        Row("processes of the idle service", len(found), ""),
    ]


def _settle(service: Service) -> None:
    deadline = time.monotonic() + SETTLED_SECONDS
    while time.monotonic() < deadline and _is_passing(service):
        time.sleep(1)


def _is_passing(service: Service) -> bool:
    return any(word in footprint.title(process) for process in footprint.processes(service) for word in PASSING)
