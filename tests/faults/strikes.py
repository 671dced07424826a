"""What is done to the parts, to their servers, and to the network between them."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from random import Random

import redis

from saas import process
from saas.process import Found
from tests.faults.proxy import Proxy
from tests.faults.rounds import WAITING, WORKERS_SECONDS, Blow, Kind
from tests.faults.stage import SERVERS, Stage
from tests.form import cases

PARTS = ("gateway", "web", "relay", "fleet", *SERVERS)
STRUCK = ("worker", "trainer")
PATIENCE = 60.0
# How long something stands still, or says nothing.
STILL_SECONDS = cases(short=8, long=60)
SLOW_SECONDS = 5.0


def kinds() -> list[Kind]:
    """Return every kind of fault: what is sudden twenty times and more, what stands still for a minute three times."""
    sudden, still, slow = 20, 3, 3
    return [
        *(Kind(f"kill {part}", partial(_end, part, signal.SIGKILL), sudden) for part in PARTS),
        *(Kind(f"kill {use}", partial(_kill_worker, use), sudden, within=WORKERS_SECONDS) for use in STRUCK),
        *(Kind(f"restart {part}", partial(_end, part, _polite(part)), slow) for part in PARTS),
        *(Kind(f"restart {use}", partial(_kill_worker, use, how=signal.SIGTERM), slow) for use in STRUCK),
        *(Kind(f"cut {server}", partial(_cut, server), sudden) for server in SERVERS),
        Kind("empty valkey", _empty, sudden),
        *(Kind(f"slow {server}", partial(_disturb, server, Proxy.slow, SLOW_SECONDS), slow) for server in SERVERS),
        *(Kind(f"lose {server}", partial(_disturb, server, Proxy.down, SLOW_SECONDS), slow) for server in SERVERS),
        *(Kind(f"stop {part}", partial(_stop, part), still, WAITING) for part in PARTS),
        *(Kind(f"stop {use}", partial(_stop_worker, use), still, WAITING, WORKERS_SECONDS) for use in STRUCK),
        *(Kind(f"silence {s}", partial(_disturb, s, Proxy.hole, STILL_SECONDS), still, WAITING) for s in SERVERS),
    ]


def _end(part: str, how: signal.Signals, stage: Stage, _random: Random) -> Blow:
    """End a part, and wait until another has taken its place."""
    before, sent = stage.pid_of(part), stage.on_their_way()
    began = time.time()
    os.kill(before, how)
    _wait(lambda: stage.pid_of(part) not in (0, before), f"{part} did not come back")
    return Blow(began, sent)


def _polite(part: str) -> signal.Signals:
    return signal.SIGINT if part == "postgres" else signal.SIGTERM


def _kill_worker(use: str, stage: Stage, random: Random, *, how: signal.Signals = signal.SIGKILL) -> Blow:
    victim = _worker(use, stage, random)
    in_hand = stage.in_hand(use, stage.tenant_of(victim))
    began = time.time()
    process.send([victim], how)
    return Blow(began, in_hand)


def _stop(part: str, stage: Stage, _random: Random) -> Blow:
    """Let a part stand still; nothing goes on without it, so the recovery counts from when it goes on."""
    victims = stage.processes(part)
    process.send(victims, signal.SIGSTOP)
    time.sleep(STILL_SECONDS)
    process.send(victims, signal.SIGCONT)
    return Blow(time.time())


def _stop_worker(use: str, stage: Stage, random: Random) -> Blow:
    """Let a worker stand still until somebody has noticed, or for as long as the others."""
    victim = _worker(use, stage, random)
    in_hand = stage.in_hand(use, stage.tenant_of(victim))
    began = time.time()
    process.send([victim], signal.SIGSTOP)
    process.wait_for(lambda: not victim.is_alive, STILL_SECONDS)
    process.send([victim], signal.SIGCONT)
    return Blow(began, in_hand)


def _cut(server: str, stage: Stage, _random: Random) -> Blow:
    sent = stage.on_their_way()
    stage.proxies[server].cut()
    return Blow(time.time(), sent)


def _empty(stage: Stage, _random: Random) -> Blow:
    sent = stage.on_their_way()
    with redis.Redis.from_url(stage.servers.owner_redis_url()) as broker:
        broker.flushall()
    return Blow(time.time(), sent)


def _disturb(
    server: str, how: Callable[[Proxy], AbstractContextManager[None]], seconds: float, stage: Stage, _random: Random
) -> Blow:
    """Disturb the way to a server for some seconds; the recovery counts from their end."""
    with how(stage.proxies[server]):
        time.sleep(seconds)
    return Blow(time.time())


def _worker(use: str, stage: Stage, random: Random) -> Found:
    """Return a worker that does `use`, once there is one, at some moment of its life."""
    _wait(lambda: stage.processes(use), f"no {use} came")
    time.sleep(random.uniform(0.0, 1.0))
    _wait(lambda: stage.processes(use), f"no {use} came")
    return random.choice(stage.processes(use))


def _wait(condition: Callable[[], object], otherwise: str) -> None:
    assert process.wait_for(lambda: bool(condition()), PATIENCE), otherwise
