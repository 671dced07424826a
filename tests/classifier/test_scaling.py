from typing import Any

from classifier.scaling import (
    IDLE_SECONDS,
    PRESSED_SECONDS,
    SPARE_IDLE_SECONDS,
    WAITING_PER_WORKER,
    Allowance,
    Claim,
    Pass,
    Pressure,
    Release,
    Room,
    Running,
    Start,
    Stop,
    Waiting,
    decide,
    may_serve,
    press,
)
from tests.classifier.situations import NOW, TENANTS, USES, seen, started

MANY = Waiting("acme", "infer", WAITING_PER_WORKER, backlog=WAITING_PER_WORKER)


def worker(pid: int, tenant: str, use: str = "infer", idle: float = 0.0, age: float = 60.0) -> Running:
    return Running(pid, tenant, use, active_at=NOW - idle, since=NOW - age)


def test_a_queue_with_something_in_it_gets_a_worker() -> None:
    assert decide(seen([Waiting("acme", "infer", 1)])) == [Start("acme", "infer")]


def test_what_a_dead_worker_had_in_hand_gets_another() -> None:
    assert decide(seen([Waiting("acme", "infer", 0, backlog=1)])) == [Start("acme", "infer")]


def test_a_message_that_comes_while_the_last_worker_stops_starts_another() -> None:
    stopping = Running(1, "acme", "infer", NOW - 1, NOW - 60, is_stopping=True)
    assert decide(seen([Waiting("acme", "infer", 1)], [stopping])) == [Start("acme", "infer")]


def test_a_worker_that_is_there_is_enough() -> None:
    assert decide(seen([Waiting("acme", "infer", 5)], [worker(1, "acme")])) == []


def test_too_much_that_lasts_gets_another_worker() -> None:
    running = [worker(1, "acme")]
    assert decide(seen([MANY], running)) == []
    lasting = {"acme": Pressure(1, NOW - PRESSED_SECONDS)}
    assert decide(seen([MANY], running, pressure=lasting)) == [Start("acme", "infer")]


def test_pressure_begins_anew_with_every_worker() -> None:
    known = {"acme": Pressure(1, NOW - 5)}
    assert press(seen([MANY], [worker(1, "acme")], pressure=known)) == known
    more = Waiting("acme", "infer", 3 * WAITING_PER_WORKER)
    assert press(seen([more], [worker(1, "acme"), worker(2, "acme")], pressure=known)) == {"acme": Pressure(2, NOW)}


def test_little_that_waits_is_no_pressure() -> None:
    assert press(seen([Waiting("acme", "infer", WAITING_PER_WORKER)], [worker(1, "acme")])) == {}


def test_a_further_worker_is_only_for_processors_that_nobody_else_uses() -> None:
    lasting = {"acme": Pressure(1, NOW - 5)}
    both_busy = [worker(1, "acme"), worker(2, "globex")]
    assert decide(seen([MANY], both_busy, pressure=lasting, room=Room(at_work=2))) == []
    one_idle = [worker(1, "acme"), worker(2, "globex", idle=60)]
    assert decide(seen([MANY], one_idle, pressure=lasting, room=Room(at_work=2))) == [Start("acme", "infer")]


def test_what_nobody_waits_for_leaves_one_processor_free() -> None:
    pressure = {"acme": Pressure(1, since=NOW - 10)}
    later = Waiting("acme", "infer", 10 * WAITING_PER_WORKER, later=10 * WAITING_PER_WORKER)
    alone = [worker(1, "acme")]
    assert decide(seen([later], alone, pressure=pressure, room=Room(at_work=2))) == []
    assert decide(seen([later], alone, pressure=pressure, room=Room(at_work=3))) == [Start("acme", "infer")]
    assert decide(seen([MANY], alone, pressure=pressure, room=Room(at_work=2))) == [Start("acme", "infer")]


def test_who_has_no_worker_comes_before_who_wants_a_second() -> None:
    waiting, lasting = [MANY, Waiting("globex", "infer", 1)], {"acme": Pressure(1, NOW - 5)}
    actions = decide(seen(waiting, [worker(1, "acme")], pressure=lasting, room=Room(infer=2)))
    assert actions == [Start("globex", "infer")]


def test_a_full_host_makes_room_by_ending_a_further_worker_then_an_idle_one() -> None:
    waiting, room = [Waiting("globex", "infer", 1)], Room(infer=3)
    running = [worker(1, "acme"), worker(2, "acme", age=5), worker(3, "initech", idle=60)]
    assert decide(seen(waiting, running, room=room)) == [Stop(2)]
    assert decide(seen(waiting, [worker(1, "acme"), worker(3, "initech", idle=60)], room=Room(infer=2))) == [Stop(3)]


def test_an_idle_worker_is_stopped_after_a_while_and_a_further_one_sooner() -> None:
    assert decide(seen(running=[worker(1, "acme", idle=IDLE_SECONDS)])) == []
    assert decide(seen(running=[worker(1, "acme", idle=IDLE_SECONDS + 1)])) == [Stop(1)]
    two = [worker(1, "acme", idle=SPARE_IDLE_SECONDS + 1), worker(2, "acme", idle=SPARE_IDLE_SECONDS + 1, age=50)]
    assert decide(seen(running=two)) == [Stop(2)]


def test_a_training_is_not_stopped_however_long_it_takes() -> None:
    assert decide(seen(running=[worker(1, "acme", "train", idle=10 * IDLE_SECONDS)])) == []


def test_the_workers_of_a_suspended_organisation_are_stopped_and_none_is_started() -> None:
    actions = decide(seen([Waiting("acme", "infer", 1)], [worker(1, "acme", "train")], allowed={}, held={"acme": NOW}))
    assert actions == [Stop(1)]


def test_who_fails_all_the_time_is_left_alone_for_a_while() -> None:
    waiting = [Waiting("acme", "infer", 1)]
    assert decide(seen(waiting, barred={("acme", "infer"): NOW + 1})) == []
    assert decide(seen(waiting, barred={("acme", "infer"): NOW})) == [Start("acme", "infer")]


def test_whoever_was_served_last_waits_however_long_the_queue() -> None:
    waiting = [Waiting("acme", "train", 100), Waiting("globex", "train", 1)]
    full = [worker(1, "initech", "train")]
    assert decide(seen(waiting, full, served_at={"acme": 8.0})) == [Start("globex", "train")]


def test_trainings_leave_a_place_for_reading() -> None:
    running = [worker(1, "acme", "train"), worker(2, "globex", "train")]
    waiting = [Waiting("initech", "train", 9), Waiting("initech", "batch", 1)]
    assert decide(seen(waiting, running)) == [Start("initech", "batch")]


def test_a_plan_of_one_job_process_gets_one_beside_the_worker_that_answers() -> None:
    waiting = [Waiting("acme", use, 1) for use in USES]
    actions = decide(seen(waiting, allowed=dict.fromkeys(TENANTS, Allowance(jobs=1))))
    assert actions == [Start("acme", "infer"), Start("acme", "batch")]


def test_answers_come_before_jobs() -> None:
    first, second = decide(seen([Waiting("acme", "train", 1), Waiting("globex", "infer", 1)]))
    assert (first, second) == (Start("globex", "infer"), Start("acme", "train"))


def test_nobody_is_served_before_the_lease_is_held() -> None:
    waiting = [Waiting("acme", "infer", 1)]
    assert decide(seen(waiting, held={})) == [Claim("acme")]
    assert decide(seen(waiting, held={}, elsewhere={"acme": "east"})) == [Pass("acme", "east")]
    assert decide(seen(waiting, held={}, allowed={})) == []


def test_a_full_host_passes_newcomers_on_to_one_with_room() -> None:
    waiting, full = [Waiting("acme", "infer", 1)], {"room": Room(infer=1), "held": {"globex": NOW}}
    running = [worker(1, "globex")]
    assert decide(seen(waiting, running, neighbours={"east": 1, "west": 4}, **full)) == [Pass("acme", "west")]
    assert decide(seen(waiting, running, neighbours={"east": 0}, **full)) == [Claim("acme")]


def test_a_lease_that_is_lost_stops_the_workers() -> None:
    assert decide(seen(running=[worker(1, "acme"), worker(2, "acme", "train")], held={})) == [Stop(1), Stop(2)]


def test_a_lease_goes_to_whoever_may_serve_although_something_waits() -> None:
    assert decide(seen([Waiting("acme", "infer", 1)], allowed={}, held={"acme": NOW})) == [Release("acme")]


def test_a_lease_is_given_up_when_there_has_been_nothing_to_do() -> None:
    assert decide(seen(held={"acme": NOW - 30})) == []
    assert decide(seen(held={"acme": NOW - 300})) == [Release("acme")]
    assert started(decide(seen([Waiting("acme", "infer", 1)], held={"acme": NOW - 300}))) == [Start("acme", "infer")]


def test_a_host_serves_those_whom_it_is_for_and_the_others_serve_everybody_else() -> None:
    assert may_serve("acme", only={"acme", "globex"}, dedicated=())
    assert not may_serve("initech", only={"acme"}, dedicated=())
    assert may_serve("initech", only=(), dedicated={"acme"})
    assert not may_serve("acme", only=(), dedicated={"acme"})


def test_a_host_holds_those_whom_it_is_for_also_when_they_have_nothing_to_do() -> None:
    own: dict[str, Any] = {"only": {"acme"}, "allowed": {"acme": Allowance()}}
    assert decide(seen(held={}, **own)) == [Claim("acme")]
    assert decide(seen(held={"acme": NOW - 300}, **own)) == []
    assert decide(seen(held={}, elsewhere={"acme": "east"}, **own)) == []


def test_a_host_passes_those_whom_it_is_for_to_nobody_however_full_it_is() -> None:
    full = {"only": {"acme", "globex"}, "room": Room(infer=1), "held": {"globex": NOW}, "neighbours": {"east": 4}}
    assert decide(seen([Waiting("acme", "infer", 1)], [worker(1, "globex")], **full)) == [Claim("acme")]
