"""What one organisation notices of another: B asks while A floods, trains, uploads; and A itself while it trains.

B asks over one connection, one text at a time. Each figure is measured between two quiet ones, and compared with them.
"""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.bench import backlog, footprint, guests, office, wrk
from tests.bench import bank as banks
from tests.bench.bank import Bank
from tests.bench.guests import Guest
from tests.bench.row import Row, Wanted, at_most
from tests.bench.wrk import Call, Load
from tests.end_to_end.stranger import Api
from tests.service import Service

SECONDS = 8
WAITING, FLOOD_CONNECTIONS = 10_000, 512
LIMIT = at_most(2, 1.3)

Probe = Callable[[], Load]


def measure(service: Service) -> list[Row]:
    bank = banks.furnish(service)
    (neighbour,) = guests.found(guests.host(), 1)
    ask_b = _probe(service, neighbour.calls(bank.questions))
    ask_a = _probe(service, bank.calls())
    for ask in (ask_a, ask_b):
        ask()
    return [
        *_while_flooded(service, bank, ask_b),
        *_while_asked_by_many(service, bank, ask_b),
        *_while_training(service, bank, ask_b, "B's"),
        *_while_training(service, bank, ask_a, "A's own"),
        *_while_people_work(service, bank, ask_b),
    ]


def _probe(service: Service, calls: list[Call]) -> Probe:
    return lambda: wrk.put_load(service.url, calls, connections=1, seconds=SECONDS).checked()


def _quiet(service: Service, ask: Probe) -> Load:
    """Ask when nobody else does, and when nothing of what was before is left to do."""
    footprint.until_idle(service)
    return ask()


def _while_flooded(service: Service, bank: Bank, ask: Probe) -> list[Row]:
    """An organisation of its own floods, and is deleted with what it has waiting."""
    flood = service.create_organisation("Flood", "flood@example.test")
    guest = Guest(flood["organisation"].removeprefix("org_"), flood["key"])
    before = _quiet(service, ask)
    with backlog.kept(service, guest, bank.questions, WAITING) as level:
        during = ask()
        lowest = level.lowest
    service.manage("organisation", "delete", flood["slug"]).check_returncode()
    rows = _rows("B's", "while A keeps requests waiting", "p95", LIMIT, (before, during, _quiet(service, ask)))
    return [*rows, Row("requests of A that waited, at the least", lowest, "")]


def _while_asked_by_many(service: Service, bank: Bank, ask: Probe) -> list[Row]:
    before = _quiet(service, ask)
    with wrk.started(service.url, bank.calls(), connections=FLOOD_CONNECTIONS, seconds=3 * SECONDS):
        during = ask()
    state = f"while A asks over {FLOOD_CONNECTIONS} connections"
    return _rows("B's", state, "p95", LIMIT, (before, during, _quiet(service, ask)))


def _while_training(service: Service, bank: Bank, ask: Probe, whose: str) -> list[Row]:
    before = _quiet(service, ask)
    with _training(service, bank) as is_running:
        during = ask()
        if not is_running():
            raise RuntimeError("the training ended before it was measured beside; take fewer seconds or more rows")
    return _rows(whose, "while A trains 10,003 rows", "p95", LIMIT, (before, during, _quiet(service, ask)))


def _while_people_work(service: Service, bank: Bank, ask: Probe) -> list[Row]:
    before = _quiet(service, ask)
    with office.at_work(service, bank, SECONDS) as done:
        during = ask()
        pages, sent = done.pages / SECONDS, done.sent / 1e6
    state = "while pages are opened and a file is sent"
    rows = _rows("B's", state, "p99", at_most(1.5), (before, during, _quiet(service, ask)))
    return [*rows, Row("pages opened meanwhile", pages, "pages/s"), Row("of the file sent meanwhile", sent, "MB")]


@contextmanager
def _training(service: Service, bank: Bank) -> Iterator[Callable[[], bool]]:
    """Train as long as the block, which is given a way to ask whether it still does."""
    api = Api(service.url, bank.key)
    with api.client:
        job = f"training_jobs/{banks.start_training(api, bank.dataset, seed=3)}"
        api.until(job, lambda found: found["status"] == "running")
        yield lambda: api.get(job)["status"] == "running"
        api.client.post(f"{job}/cancel").raise_for_status()
        api.until(job, lambda found: found["finished_at"] is not None)


def _rows(whose: str, state: str, name: str, limit: Wanted, loads: tuple[Load, Load, Load]) -> list[Row]:
    before, during, after = (float(getattr(load, name)) for load in loads)
    quiet = statistics.mean((before, after))
    return [
        Row(f"{whose} {name}, quiet, before and after", quiet, "ms"),
        Row(f"{whose} {name} {state}", during, "ms"),
        Row(f"{whose} {name} {state}, as a multiple of quiet", during / quiet, "×", limit),
    ]
