"""Situations of a fleet, by example and by hypothesis, and what becomes of one when its fleet acts."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hypothesis import strategies as st

from classifier.scaling import (
    Action,
    Allowance,
    Claim,
    Pass,
    Pressure,
    Release,
    Room,
    Running,
    Situation,
    Start,
    Stop,
    Waiting,
)

TENANTS = ("acme", "globex", "initech", "hooli")
USES = ("infer", "train", "batch")
HOSTS = ("east", "west")
NOW = 1_000.0

times = st.one_of(st.sampled_from([NOW, NOW - 3, NOW - 40, NOW - 400]), st.floats(0, NOW))
tenants = st.sampled_from(TENANTS)


def seen(waiting: Iterable[Waiting] = (), running: Iterable[Running] = (), **more: object) -> Situation:
    """Return a situation in which everybody may run and is held by this host."""
    given: dict[str, object] = {
        "now": NOW,
        "allowed": dict.fromkeys(TENANTS, Allowance()),
        "held": dict.fromkeys(TENANTS, NOW),
    }
    return Situation(waiting=tuple(waiting), running=tuple(running), **{**given, **more})  # type: ignore[arg-type]


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Return any situation that could be, the odd ones too."""
    running = draw(
        st.lists(
            st.builds(Running, st.integers(1, 99), tenants, st.sampled_from(USES), times, times, st.booleans()),
            max_size=8,
            unique_by=lambda worker: worker.pid,
        )
    )
    held = draw(st.dictionaries(tenants, times))
    elsewhere = draw(st.dictionaries(tenants, st.sampled_from(HOSTS)))
    return Situation(
        now=NOW,
        waiting=draw(waitings()),
        running=tuple(running),
        only=draw(st.frozensets(tenants, max_size=2)),
        allowed=draw(st.dictionaries(tenants, st.builds(Allowance, st.integers(1, 4), st.integers(1, 4)))),
        held=held,
        elsewhere={tenant: host for tenant, host in elsewhere.items() if tenant not in held},
        neighbours=draw(st.dictionaries(st.sampled_from(HOSTS), st.integers(0, 2))),
        room=draw(st.builds(Room, st.integers(2, 6), st.integers(1, 4), st.just(3), st.just(2))),
        barred=draw(st.dictionaries(st.tuples(tenants, st.sampled_from(USES)), st.floats(0, 2 * NOW))),
        served_at=draw(st.dictionaries(tenants, times)),
        pressure=draw(pressures(running)),
    )


def pressures(running: list[Running]) -> st.SearchStrategy[dict[str, Pressure]]:
    """Return for whom too much waits; a fleet counts their workers at each look, so the number is right."""
    workers = counted(running, "infer")
    return st.dictionaries(tenants, times).map(
        lambda since: {tenant: Pressure(workers.get(tenant, 0), at) for tenant, at in since.items()}
    )


@st.composite
def waitings(draw: st.DrawFn) -> tuple[Waiting, ...]:
    numbers = st.integers(0, 100)
    found = st.builds(Waiting, tenants, st.sampled_from(USES), numbers, numbers)
    return tuple(draw(st.lists(found, unique_by=lambda queue: (queue.tenant, queue.use))))


def after(situation: Situation, actions: Iterable[Action]) -> Situation:
    """Return what a fleet sees that has done all this and looks again at once."""
    running = {worker.pid: worker for worker in situation.running}
    held, waiting, answered_at = dict(situation.held), situation.waiting, dict(situation.answered_at)
    for action in actions:
        match action:
            case Start(tenant, use):
                pid = max(running, default=0) + 1
                running[pid] = Running(pid, tenant, use, active_at=situation.now, since=situation.now)
                answered_at |= {tenant: situation.now} if use == "infer" else {}
            case Stop(pid):
                running[pid] = replace(running[pid], is_stopping=True)
            case Claim(tenant):
                held[tenant] = situation.now
            case Release(tenant):
                del held[tenant]
            case Pass(tenant, _):
                waiting = tuple(queue for queue in waiting if queue.tenant != tenant)
    return replace(situation, running=tuple(running.values()), held=held, waiting=waiting, answered_at=answered_at)


def later(situation: Situation, seconds: float) -> Situation:
    """Return the situation when everybody who was told to stop has stopped, and all others are still at work."""
    now = situation.now + seconds
    staying = tuple(replace(worker, active_at=now) for worker in situation.running if not worker.is_stopping)
    return replace(situation, now=now, running=staying)


def started(actions: Iterable[Action]) -> list[Start]:
    return [action for action in actions if isinstance(action, Start)]


def stopped(actions: Iterable[Action]) -> set[int]:
    return {action.pid for action in actions if isinstance(action, Stop)}


def counted(running: Iterable[Running], use: str) -> Mapping[str, int]:
    """Return how many of this use each organisation has that are to stay."""
    found: dict[str, int] = {}
    for worker in running:
        if worker.use == use and not worker.is_stopping:
            found[worker.tenant] = found.get(worker.tenant, 0) + 1
    return found
