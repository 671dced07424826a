"""Many organisations: what it costs that they are registered, and what it costs that they are active."""

import random
import statistics
import sys
from itertools import accumulate

from tests.bench import bank as banks
from tests.bench import footprint, guests, wrk
from tests.bench.bank import Bank
from tests.bench.guests import Guest
from tests.bench.row import Row, at_most
from tests.bench.wrk import Call, Load
from tests.service import Service

STEPS = (1, 10, 100)
MOST = 1_000
ACTIVE = 100
FOUNDING_SECONDS = 900
SECONDS = 5
ROUNDS = 5
# Traffic of so many people, each of whom thinks for a moment: 200 requests a second, well below what saturates.
PEOPLE, PAUSE_MS, DRAWN = 16, 80, 5_000


# Of memory that is its own, in megabytes.
OWN = at_most(60, 40)


def measure(service: Service, *, most: int = MOST) -> list[Row]:
    bank = banks.furnish(service)
    found: list[Guest] = []
    rows: list[Row] = []
    owner, go_on = guests.host(), guests.within(FOUNDING_SECONDS)
    for wanted in (*(step for step in STEPS if step < most), most):
        found += guests.found(owner, wanted - len(found), go_on=go_on)
        if len(found) < wanted:
            sys.stderr.write(f"assort: {len(found)} organisations were founded in time, and not {wanted}\n")
            break
        rows += _registered(service, bank, found)
    return rows + _active(service, bank, found)


def _registered(service: Service, bank: Bank, found: list[Guest]) -> list[Row]:
    """One of them asks; the others are there and ask nothing."""
    calls = found[0].calls(bank.questions)
    wrk.put_load(service.url, calls, connections=1, seconds=1).checked()
    load = wrk.put_load(service.url, calls, connections=1, seconds=SECONDS).checked()
    memory = footprint.megabytes(footprint.processes(service))
    return [
        Row(f"p50 of one organisation of {len(found):,}", load.p50, "ms"),
        Row(f"memory with {len(found):,} registered, one active", memory, "MB"),
    ]


def _active(service: Service, bank: Bank, found: list[Guest]) -> list[Row]:
    active = found[:ACTIVE]
    one, all_of_them = active[0].calls(bank.questions), _drawn(active, bank)
    _traffic(service, one)
    before = len(footprint.workers(service)), footprint.megabytes(footprint.processes(service))
    for guest in active:
        wrk.put_load(service.url, guest.calls(bank.questions[:1]), connections=1, seconds=1).checked()
    _traffic(service, all_of_them)
    # By turns, since a machine is not as fast at one moment as at the next.
    rounds = [(_traffic(service, one), _traffic(service, all_of_them)) for _ in range(ROUNDS)]
    dearer = statistics.median(together.p50 / alone.p50 for alone, together in rounds)
    after = len(footprint.workers(service)), footprint.megabytes(footprint.processes(service))
    workers = [footprint.megabytes([worker]) for worker in footprint.workers(service)]
    of_all = f"{len(found):,} registered, Zipf over {len(active)}"
    return [
        Row("p50 of one organisation with the same traffic", statistics.median(alone.p50 for alone, _ in rounds), "ms"),
        Row(f"p50 with {of_all}", statistics.median(together.p50 for _, together in rounds), "ms"),
        Row(f"p99 with {of_all}", statistics.median(together.p99 for _, together in rounds), "ms"),
        Row(f"p50 with {of_all}, as a multiple of one", dearer, "×", at_most(1.2)),
        Row(f"memory with {of_all}, all processes", after[1], "MB"),
        Row("memory of one active organisation more", (after[1] - before[1]) / (after[0] - before[0]), "MB", OWN),
        Row("memory of its worker, median", statistics.median(workers), "MB"),
    ]


def _traffic(service: Service, calls: list[Call]) -> Load:
    return wrk.put_load(service.url, calls, connections=PEOPLE, seconds=SECONDS, pause_ms=PAUSE_MS).checked()


def _drawn(active: list[Guest], bank: Bank) -> list[Call]:
    """Return requests whose organisations are drawn by Zipf's law: the second asks half as often as the first."""
    chance = random.Random(1)  # noqa: S311  # Nothing secret is drawn.
    weights = list(accumulate(1 / rank for rank in range(1, len(active) + 1)))
    askers = chance.choices(active, cum_weights=weights, k=DRAWN)
    return [asker.calls((chance.choice(bank.questions),))[0] for asker in askers]
