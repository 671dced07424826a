"""How many hosts are wanted for what waits and runs: a number that covers it, and no more than that."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.scaling import Allowance, Room, Running, Waiting, wanted_hosts
from tests.classifier.situations import NOW, TENANTS, USES, tenants, waitings

ALL = dict.fromkeys(TENANTS, Allowance())
MANY = dict.fromkeys((f"tenant-{number}" for number in range(100)), Allowance())
rooms = st.builds(Room, st.integers(1, 6), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))
workers = st.lists(
    st.builds(Running, st.integers(1, 99), tenants, st.sampled_from(USES), st.just(NOW), st.just(NOW), st.booleans()),
    max_size=12,
    unique_by=lambda worker: worker.pid,
)


def answering(count: int) -> list[Running]:
    return [Running(number, f"tenant-{number}", "infer", NOW) for number in range(count)]


@pytest.mark.parametrize(("workers", "hosts"), [(0, 1), (1, 1), (64, 1), (65, 2), (100, 2)])
def test_workers_that_answer_need_places(workers: int, hosts: int) -> None:
    assert wanted_hosts([], answering(workers), allowed=MANY, room=Room(infer=64)) == hosts


def test_whoever_waits_for_a_first_worker_needs_a_place_as_well() -> None:
    waiting = [Waiting("tenant-99", "infer", 1)]
    assert wanted_hosts(waiting, answering(4), allowed=MANY, room=Room(infer=4)) == 2
    assert wanted_hosts([Waiting("tenant-0", "infer", 1)], answering(4), allowed=MANY, room=Room(infer=4)) == 1


def test_jobs_wait_for_a_process_and_trainings_for_one_of_fewer() -> None:
    trainings = [Waiting(f"tenant-{number}", "train", 3) for number in range(4)]
    assert wanted_hosts(trainings, [], allowed=MANY, room=Room(jobs=10, trainings=2)) == 2
    files = [Waiting(f"tenant-{number}", "batch", 1) for number in range(7)]
    assert wanted_hosts(files, [], allowed=MANY, room=Room(jobs=3)) == 3


def test_callers_that_wait_for_too_much_want_processors_and_later_answers_do_not() -> None:
    running, room = answering(3), Room(at_work=2)
    pressed = [Waiting(f"tenant-{number}", "infer", 100) for number in range(3)]
    assert wanted_hosts(pressed, running, allowed=MANY, room=room) == 3
    for_later = [replace(queue, later=100) for queue in pressed]
    assert wanted_hosts(for_later, running, allowed=MANY, room=room) == 1


def test_a_plan_is_not_exceeded_by_asking_for_hosts() -> None:
    waiting = [Waiting("acme", "infer", 1000), Waiting("acme", "batch", 9), Waiting("acme", "train", 9)]
    one_each = {"acme": Allowance(jobs=1, infer=1)}
    assert wanted_hosts(waiting, [], allowed=one_each, room=Room(infer=1, at_work=1, jobs=1, trainings=1)) == 1


def test_whoever_may_not_run_here_wants_nothing() -> None:
    waiting = [Waiting(f"tenant-{number}", "infer", 9) for number in range(50)]
    assert wanted_hosts(waiting, answering(50), allowed={}, room=Room(infer=1)) == 1


@given(waitings(), workers, rooms)
def test_one_host_at_least_and_enough_for_all_that_runs(
    waiting: tuple[Waiting, ...], running: list[Running], room: Room
) -> None:
    hosts = wanted_hosts(waiting, running, allowed=ALL, room=room)
    there = [worker for worker in running if not worker.is_stopping]
    assert hosts >= 1
    assert hosts * room.infer >= sum(worker.use == "infer" for worker in there)
    assert hosts * room.trainings >= len({worker.tenant for worker in there if worker.use == "train"})


@given(waitings(), workers, rooms)
def test_no_more_hosts_than_there_could_be_processes(
    waiting: tuple[Waiting, ...], running: list[Running], room: Room
) -> None:
    work = len(running) + sum(2 if queue.use == "infer" else 1 for queue in waiting if queue.is_work)
    assert wanted_hosts(waiting, running, allowed=ALL, room=room) <= max(1, work)


@given(waitings(), workers, rooms, st.data())
def test_less_work_never_wants_more_hosts(
    waiting: tuple[Waiting, ...], running: list[Running], room: Room, data: st.DataObject
) -> None:
    fewer = running[: data.draw(st.integers(0, len(running)))]
    some = waiting[: data.draw(st.integers(0, len(waiting)))]
    everything = wanted_hosts(waiting, running, allowed=ALL, room=room)
    assert wanted_hosts(some, running, allowed=ALL, room=room) <= everything
    assert wanted_hosts(waiting, fewer, allowed=ALL, room=room) <= everything + _pressed_anew(waiting)


def _pressed_anew(waiting: tuple[Waiting, ...]) -> int:
    """With fewer workers, too much may wait for those that are left."""
    return 2 * sum(queue.use == "infer" for queue in waiting)


@given(waitings(), workers, rooms)
def test_larger_hosts_never_want_more_of_them(waiting: tuple[Waiting, ...], running: list[Running], room: Room) -> None:
    larger = Room(room.infer + 1, room.at_work + 1, room.jobs + 1, room.trainings + 1)
    assert wanted_hosts(waiting, running, allowed=ALL, room=larger) <= wanted_hosts(
        waiting, running, allowed=ALL, room=room
    )
