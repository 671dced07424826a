"""What holds whatever a fleet sees."""

from dataclasses import replace

from hypothesis import given

from classifier.scaling import (
    AT_WORK_SECONDS,
    IDLE_SECONDS,
    JOB_USES,
    SPARE_IDLE_SECONDS,
    TENURE_SECONDS,
    Claim,
    Room,
    Running,
    Situation,
    Start,
    Waiting,
    decide,
)
from tests.classifier.situations import (
    NOW,
    TENANTS,
    after,
    counted,
    later,
    seen,
    situations,
    started,
    stopped,
)


@given(situations())
def test_nothing_starts_for_whoever_may_not_run_here(situation: Situation) -> None:
    for start in started(decide(situation)):
        assert start.tenant in situation.allowed
        assert start.tenant in situation.held
        assert situation.barred.get((start.tenant, start.use), 0.0) <= situation.now


@given(situations())
def test_nothing_starts_without_work(situation: Situation) -> None:
    at_work = {(queue.tenant, queue.use) for queue in situation.waiting if queue.is_work}
    assert all((start.tenant, start.use) in at_work for start in started(decide(situation)))


@given(situations())
def test_no_organisation_gets_more_than_its_plan(situation: Situation) -> None:
    actions = decide(situation)
    there = counted(after(situation, actions).running, "infer")
    for start in started(actions):
        assert start.use != "infer" or there[start.tenant] <= situation.allowed[start.tenant].infer
        jobs = sum(w.tenant == start.tenant and w.use in JOB_USES for w in after(situation, actions).running)
        assert start.use == "infer" or jobs <= situation.allowed[start.tenant].jobs


@given(situations())
def test_a_host_never_holds_more_than_it_has_room_for(situation: Situation) -> None:
    actions = decide(situation)
    for uses, limit in ((("infer",), situation.room.infer), (JOB_USES, situation.room.jobs)):
        before = sum(worker.use in uses for worker in situation.running)
        new = sum(start.use in uses for start in started(actions))
        assert new == 0 or before + new <= limit


@given(situations())
def test_no_organisation_has_two_processes_for_one_kind_of_job(situation: Situation) -> None:
    starts = [start for start in started(decide(situation)) if start.use in JOB_USES]
    there = {(worker.tenant, worker.use) for worker in situation.running}
    assert len(starts) == len(set(starts))
    assert not any((start.tenant, start.use) in there for start in starts)


@given(situations())
def test_a_further_worker_starts_only_where_everybody_has_a_first(situation: Situation) -> None:
    actions = decide(situation)
    before, now = counted(situation.running, "infer"), counted(after(situation, actions).running, "infer")
    further = [start for start in started(actions) if start.use == "infer" and before.get(start.tenant, 0) > 0]
    for queue in situation.waiting:
        key = (queue.tenant, queue.use)
        is_due = queue.use == "infer" and queue.is_work and situation.barred.get(key, 0.0) <= situation.now
        if further and is_due and situation.may_run(queue.tenant):
            assert now.get(queue.tenant, 0) > 0 or before.get(queue.tenant, 0) > 0


@given(situations())
def test_only_who_may_not_run_is_idle_or_makes_room_is_stopped(situation: Situation) -> None:
    workers = {worker.pid: worker for worker in situation.running}
    is_full = situation.free_places == 0 or any(isinstance(action, Start) for action in decide(situation))
    for pid in stopped(decide(situation)):
        worker = workers[pid]
        assert not worker.is_stopping
        if situation.may_run(worker.tenant):
            assert worker.use == "infer"
            idle = situation.now - worker.active_at
            is_first = situation.answering(worker.tenant)[0] == worker
            is_spent = idle > (IDLE_SECONDS if is_first else SPARE_IDLE_SECONDS)
            has_had_its_turn = not is_first or idle > AT_WORK_SECONDS or situation.now - worker.since > TENURE_SECONDS
            assert is_spent or (is_full and has_had_its_turn)


@given(situations())
def test_what_is_decided_is_decided_once(situation: Situation) -> None:
    claimed = after(situation, [action for action in decide(situation) if isinstance(action, Claim)])
    settled = after(claimed, decide(claimed))
    assert decide(settled) == []


@given(situations())
def test_what_is_suspended_is_gone_in_one_step(situation: Situation) -> None:
    suspended = replace(situation, allowed={})
    assert all(worker.is_stopping for worker in after(suspended, decide(suspended)).running)


def test_nobody_waits_for_ever_although_all_others_are_always_at_work() -> None:
    waiting = [Waiting(tenant, "infer", 5) for tenant in TENANTS]
    situation, served = seen(waiting, room=Room(infer=2)), set[str]()
    for _ in range(10):
        situation = later(after(situation, decide(situation)), TENURE_SECONDS + 1)
        served |= {worker.tenant for worker in situation.running}
    assert served == set(TENANTS)


def test_a_steady_stream_keeps_its_one_worker() -> None:
    running = [Running(1, "acme", "infer", NOW, NOW - 60)]
    situation = seen([Waiting("acme", "infer", 3)], running, held={"acme": NOW})
    for _ in range(100):
        actions = decide(situation)
        assert actions == []
        situation = later(after(situation, actions), 1.0)
