from hypothesis import given
from hypothesis import strategies as st

from classifier.scaling import IDLE_SECONDS, JOB_USES, MAX_JOBS, Running, Start, Stop, Waiting, decide

TENANTS = ("acme", "globex", "initech")
USES = ("infer", "train", "batch")
waitings = st.lists(
    st.builds(Waiting, st.sampled_from(TENANTS), st.sampled_from(USES), st.integers(0, 9)),
    unique_by=lambda w: (w.tenant, w.use),
)
runnings = st.lists(
    st.builds(Running, st.integers(1, 10_000), st.sampled_from(TENANTS), st.sampled_from(USES), st.floats(0, 1000)),
    unique_by=(lambda r: r.pid, lambda r: (r.tenant, r.use)),
)
plans = st.dictionaries(st.sampled_from(TENANTS), st.integers(1, 4))


def test_a_queue_with_something_in_it_gets_a_worker() -> None:
    assert decide([Waiting("acme", "infer", 1)], [], allowed={"acme": 2}, now=0) == [Start("acme", "infer")]


def test_a_worker_that_is_there_is_enough() -> None:
    running = [Running(1, "acme", "infer", 0)]
    assert decide([Waiting("acme", "infer", 5)], running, allowed={"acme": 2}, now=1) == []


def test_an_idle_worker_is_stopped_after_a_while() -> None:
    running = [Running(1, "acme", "infer", 0)]
    assert decide([], running, allowed={"acme": 2}, now=IDLE_SECONDS) == []
    assert decide([], running, allowed={"acme": 2}, now=IDLE_SECONDS + 1) == [Stop(1)]


def test_a_training_is_not_stopped_however_long_it_takes() -> None:
    running = [Running(1, "acme", "train", 0)]
    assert decide([], running, allowed={"acme": 2}, now=10 * IDLE_SECONDS) == []


def test_the_workers_of_a_suspended_organisation_are_stopped_and_none_is_started() -> None:
    running = [Running(1, "acme", "train", 0)]
    assert decide([Waiting("acme", "infer", 1)], running, allowed={}, now=0) == [Stop(1)]


def test_whoever_was_served_last_waits_however_long_the_queue() -> None:
    waiting = [Waiting("acme", "train", 100), Waiting("globex", "train", 1)]
    full = [Running(1, "initech", "train", 0)]
    [start] = decide(waiting, full, allowed=dict.fromkeys(TENANTS, 1), now=9, served_at={"acme": 8.0})
    assert start == Start("globex", "train")


def test_trainings_leave_a_place_for_reading() -> None:
    running = [Running(pid, tenant, "train", 0) for pid, tenant in enumerate(("acme", "globex"))]
    waiting = [Waiting("initech", "train", 9), Waiting("initech", "batch", 1)]
    assert decide(waiting, running, allowed=dict.fromkeys(TENANTS, 1), now=0) == [Start("initech", "batch")]


def test_a_plan_of_one_job_process_gets_one_beside_the_worker_that_answers() -> None:
    waiting = [Waiting("acme", use, 1) for use in USES]
    actions = decide(waiting, [], allowed={"acme": 1}, now=0)
    assert actions == [Start("acme", "infer"), Start("acme", "batch")]


def test_answers_come_before_jobs() -> None:
    waiting = [Waiting("acme", "train", 1), Waiting("globex", "infer", 1)]
    first, second = decide(waiting, [], allowed={"acme": 1, "globex": 1}, now=0)
    assert (first, second) == (Start("globex", "infer"), Start("acme", "train"))


@given(waitings, runnings, plans)
def test_no_organisation_has_two_processes_for_one_use(
    waiting: list[Waiting], running: list[Running], allowed: dict[str, int]
) -> None:
    actions = decide(waiting, running, allowed=allowed, now=0)
    there = [(worker.tenant, worker.use) for worker in running]
    there += [(action.tenant, action.use) for action in actions if isinstance(action, Start)]
    assert len(there) == len(set(there))


@given(waitings, runnings, plans)
def test_jobs_are_not_started_beyond_the_hosts_bound(
    waiting: list[Waiting], running: list[Running], allowed: dict[str, int]
) -> None:
    started = [a for a in decide(waiting, running, allowed=allowed, now=0) if isinstance(a, Start)]
    before = sum(worker.use in JOB_USES for worker in running)
    new = sum(action.use in JOB_USES for action in started)
    assert new == 0 or before + new <= MAX_JOBS


@given(waitings, runnings, plans)
def test_nothing_starts_for_whoever_may_not_run(
    waiting: list[Waiting], running: list[Running], allowed: dict[str, int]
) -> None:
    actions = decide(waiting, running, allowed=allowed, now=0)
    assert all(action.tenant in allowed for action in actions if isinstance(action, Start))
