"""Every change of a job's state, and how the process that makes it is made to die just before and just after.

Nothing of this is in the product. The proxy before PostgreSQL knows the statement: it kills the process when the
statement is on its way and has not arrived, or when it is committed and nobody has been told.
"""

import signal
import time
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from saas import process
from tests.faults import provocations
from tests.faults.provocations import Provocation
from tests.faults.proxy import Trap
from tests.faults.rounds import SERVERS_SECONDS, WORKERS_SECONDS, Blow, Kind
from tests.faults.stage import USES, Stage

SPRUNG_WITHIN = 60.0
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Point:
    """A change of state: the function that makes it, the statement as it is sent, and who sends it with which login."""

    change: str
    statement: bytes
    victim: str
    login: str
    provoke: Provocation = provocations.nothing


WORKER, WEB, RELAY, REGISTRAR = "wk_", "assort_web assort-web", "assort_relay", "assort_registrar"
POINTS = (
    Point("door.submit_job", b"door.submit_job(", "web", WEB, provocations.train),
    Point("door.submit_jobs", b"door.submit_jobs(", "gateway", "assort_web assort-gateway"),
    Point("classifier.relay.publish", b"""SET "state" = 'sent'""", "relay", RELAY),
    Point("door.claim_job", b"door.claim_job(", "trainer", WORKER, provocations.train),
    Point("door.claim_jobs", b"door.claim_jobs(", "worker", WORKER),
    Point("door.renew_job", b"door.renew_job(", "trainer", WORKER, provocations.train_long),
    Point("door.finish_job", b"door.finish_job(", "trainer", WORKER, provocations.train),
    Point("door.finish_jobs", b"door.finish_jobs(", "worker", WORKER),
    Point("door.hand_back_job", b"door.hand_back_job(", "trainer", WORKER, provocations.stop_training),
    Point("door.cancel_job", b"door.cancel_job(", "web", WEB, provocations.cancel),
    Point(
        "public.give_back_jobs",
        b"give_back_jobs(",
        "fleet",
        "assort_fleet",
        provocations.kill_training,
    ),
    Point("classifier.relay._queue_again", b"""SET "state" = 'queued'""", "relay", RELAY, provocations.lose_message),
    Point("classifier.relay.forget_finished", b'DELETE FROM "job"', "relay", RELAY, provocations.outlive),
    Point("classifier.relay.keep_appointments", b"'follow', 'batch'", "relay", RELAY, provocations.make_appointment),
    Point("classifier.relay.order_tidying", b"'tidy', 'batch'", "relay", RELAY, provocations.grow_old),
    Point(
        "classifier.registrar.assignments.request", b"'adopt', 'batch'", "registrar", REGISTRAR, provocations.move_alias
    ),
    Point("door.settle_request", b"door.settle_request(", "reader", WORKER, provocations.move_alias),
    Point(
        "classifier.registrar.assignments._finish",
        b"UPDATE public.job SET state",
        "registrar",
        REGISTRAR,
        provocations.train,
    ),
    Point(
        "classifier.registrar.assignments.fail",
        b"UPDATE public.job SET attempt",
        "registrar",
        REGISTRAR,
        provocations.ask_for_nonsense,
    ),
)


def kinds(times: int = 1) -> list[Kind]:
    return [
        Kind(
            f"die {moment} {point.change}",
            partial(_die, point, moment),
            times,
            within=WORKERS_SECONDS
            if point.victim in USES and point.provoke in (provocations.nothing, provocations.train)
            else SERVERS_SECONDS,
        )
        for point in POINTS
        for moment in (BEFORE, AFTER)
    ]


def _die(point: Point, moment: str, stage: Stage, random: Random) -> Blow:
    """Have the process die at this point, and wait until another is in its place."""
    if point.victim == "registrar":  # What it has said often it has prepared, and says no more.
        _replace("registrar", stage)
    before = 0 if point.victim in USES else stage.pid_of(point.victim)
    blows: list[Blow] = []

    def kill(login: str) -> None:
        tenant = login.partition(" ")[0].removeprefix(WORKER) if point.victim in USES else ""
        blows.append(Blow(time.time(), stage.in_hand(point.victim, tenant) if tenant else ()))
        process.send(stage.processes(point.victim, tenant), signal.SIGKILL)

    trap = Trap(point.statement, point.login, moment == AFTER, kill)
    stage.proxies["postgres"].trap = trap
    try:
        accepted = point.provoke(stage, random.choice(stage.customers))
        assert trap.sprung.wait(SPRUNG_WITHIN), f"nothing came to {point.change}"
    finally:
        stage.proxies["postgres"].trap = None
    if before:
        assert process.wait_for(lambda: stage.pid_of(point.victim) not in (0, before), SPRUNG_WITHIN)
    return replace(blows[0], accepted=accepted)


def _replace(part: str, stage: Stage) -> None:
    before = stage.pid_of(part)
    process.send(stage.processes(part), signal.SIGTERM)
    assert process.wait_for(lambda: stage.pid_of(part) not in (0, before), SPRUNG_WITHIN)
