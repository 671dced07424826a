"""The life of jobs, in any order of what may happen to them: the newest attempt alone counts, and each ends once.

A model of the table says what every call must return, and after each step the table must say the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import pytest
import redis
from django.db import connection, transaction
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from classifier import queues, relay
from tenants import ids, isolation, jobs
from tenants.models import Job, Organisation
from tests import universe
from tests.form import SEED, cases
from tests.service import Service

pytestmark = pytest.mark.proves(
    "jobs", "PostgreSQL", "claims, losses, returns and ends of jobs in any order, with old attempts coming back"
)

EXAMPLES, STEPS = cases(short=30, long=2_000), cases(short=20, long=40)
ALIVE, OVER = timedelta(seconds=60), timedelta(seconds=-1)
OUTCOMES = ["succeeded", "failed", "canceled"]


@dataclass
class Known:
    """What the model knows of a job."""

    id: str
    state: str = "queued"
    attempt: int = 0
    is_lost: bool = False
    outcome: str = ""
    ends: int = 0
    seen: set[int] = field(default_factory=set)

    @property
    def is_free(self) -> bool:
        return self.state in {"queued", "sent"} or (self.state == "running" and self.is_lost)

    def claimed(self, *, is_lost: bool) -> int:
        self.state, self.attempt, self.is_lost = "running", self.attempt + 1, is_lost
        self.seen.add(self.attempt)
        return self.attempt

    def is_held(self, attempt: int) -> bool:
        return self.state == "running" and self.attempt == attempt

    def ended(self, outcome: str) -> None:
        self.state, self.outcome, self.ends = "done", outcome, self.ends + 1


class Life(RuleBasedStateMachine):
    """Everything happens in one transaction, which nobody else sees and which is taken back."""

    organisations: ClassVar[list[Organisation]] = []
    broker: ClassVar[redis.Redis]
    patched: ClassVar[pytest.MonkeyPatch]
    steps: ClassVar[int] = 0

    handed_in = Bundle("handed_in")

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, Known] = {}
        self.block = transaction.atomic()
        self.block.__enter__()
        with connection.cursor() as cursor:  # The owner may give it to itself, and until the end of this alone.
            for organisation in self.organisations:
                cursor.execute(f"GRANT {isolation.schema(organisation.tenant)} TO CURRENT_USER WITH SET TRUE")

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @rule(target=handed_in)
    def submit(self) -> str:
        job_id = ids.new("job")
        with isolation.entered(self.organisations[0]):
            jobs.submit(job_id, kind="train", queue="train", subject="support")
        self.known[job_id] = Known(job_id)
        return job_id

    @rule()
    def publish(self) -> None:
        relay.publish(self.broker)
        for job in self.known.values():
            job.state = "sent" if job.state == "queued" else job.state

    @rule()
    def sweep(self) -> None:
        """What lost its worker, and what lost its message, is queued again."""
        relay.bring_back(self.broker)
        for job in self.known.values():
            if job.state == "sent" or (job.state == "running" and job.is_lost):
                job.state, job.is_lost = "queued", False

    @rule(job_id=handed_in, is_lost=st.booleans())
    def claim(self, job_id: str, is_lost: bool) -> None:
        job = self.known[job_id]
        expected = job.claimed(is_lost=is_lost) if job.is_free else None
        assert self._within(0, is_lost, lambda: jobs.claim(job_id)) == expected

    @rule(is_lost=st.booleans())
    def claim_all(self, is_lost: bool) -> None:
        expected = {job.id: job.claimed(is_lost=is_lost) for job in self.known.values() if job.is_free}
        assert self._within(0, is_lost, lambda: jobs.claim_all(list(self.known))) == expected

    @rule(job_id=handed_in, data=st.data(), is_lost=st.booleans())
    def renew(self, job_id: str, data: st.DataObject, is_lost: bool) -> None:
        job, attempt = self._attempt(job_id, data)
        assert self._within(0, is_lost, lambda: jobs.renew(job_id, attempt)) == job.is_held(attempt)
        job.is_lost = is_lost if job.is_held(attempt) else job.is_lost

    @rule(job_id=handed_in, data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def finish(self, job_id: str, data: st.DataObject, outcome: str) -> None:
        job, attempt = self._attempt(job_id, data)
        if job.is_held(attempt):
            self._within(0, False, lambda: jobs.finish(job_id, attempt, outcome))
            job.ended(outcome)
        else:
            with pytest.raises(jobs.LeaseLost):
                self._within(0, False, lambda: jobs.finish(job_id, attempt, outcome))

    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def finish_all(self, data: st.DataObject, outcome: str) -> None:
        held = {job_id: self._attempt(job_id, data)[1] for job_id in self.known}
        expected = {job_id for job_id, attempt in held.items() if self.known[job_id].is_held(attempt)}
        assert self._within(0, False, lambda: jobs.finish_all(held, dict.fromkeys(held, outcome))) == expected
        for job_id in expected:
            self.known[job_id].ended(outcome)

    @rule(job_id=handed_in, data=st.data())
    def hand_back(self, job_id: str, data: st.DataObject) -> None:
        job, attempt = self._attempt(job_id, data)
        self._within(0, False, lambda: jobs.hand_back(job_id, attempt))
        if job.is_held(attempt):
            job.state, job.attempt, job.is_lost = "queued", job.attempt - 1, False

    @rule(job_id=handed_in)
    def cancel(self, job_id: str) -> None:
        job = self.known[job_id]
        assert self._within(0, False, lambda: jobs.cancel(job_id)) == (job.state in {"queued", "sent"})
        if job.state in {"queued", "sent"}:
            job.ended("canceled")

    @rule(job_id=handed_in, data=st.data())
    def a_stranger_tries_everything(self, job_id: str, data: st.DataObject) -> None:
        _, attempt = self._attempt(job_id, data)
        assert self._within(1, False, lambda: jobs.claim(job_id)) is None
        assert self._within(1, False, lambda: jobs.claim_all([job_id])) == {}
        assert not self._within(1, False, lambda: jobs.renew(job_id, attempt))
        assert not self._within(1, False, lambda: jobs.cancel(job_id))
        assert self._within(1, False, lambda: jobs.finish_all({job_id: attempt}, {job_id: "failed"})) == set()
        self._within(1, False, lambda: jobs.hand_back(job_id, attempt))
        with pytest.raises(jobs.LeaseLost):
            self._within(1, False, lambda: jobs.finish(job_id, attempt, "failed"))

    @invariant()
    def the_table_says_what_the_model_says(self) -> None:
        type(self).steps += 1
        rows = Job.objects.filter(pk__in=self.known).values_list("id", "state", "attempt", "outcome")
        assert {row[0]: row[1:] for row in rows} == {
            job.id: (job.state, job.attempt, job.outcome) for job in self.known.values()
        }

    @invariant()
    def each_ends_once(self) -> None:
        assert all(job.ends == (job.state == "done") for job in self.known.values())

    def _within(self, number: int, is_lost: bool, call: Callable[[], Any]) -> Any:
        """Call as an organisation's worker would, whose lease runs out at once where it is lost."""
        self.patched.setattr(jobs, "LEASE", OVER if is_lost else ALIVE)
        with isolation.entered(self.organisations[number]):
            return call()

    def _attempt(self, job_id: str, data: st.DataObject) -> tuple[Known, int]:
        """Return a job and one of the attempts that were ever made of it, or one that never was."""
        job = self.known[job_id]
        return job, data.draw(st.sampled_from(sorted({*job.seen, 0, job.attempt + 1})))


@pytest.fixture
def installation(service: Service, committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Organisation]]:
    """The connection of whoever owns the installation, who may be the relay and both organisations in turn."""
    two = [universe.organisation(name, universe.person(name.lower()))[0] for name in ("First", "Second")]
    connection.close()
    owner = urlsplit(service.instance.owner_database_url())
    own = dict(connection.settings_dict)
    connection.settings_dict.update(USER=owner.username, PASSWORD=unquote(owner.password or ""))
    # What the relay would say to the running workers is about jobs that they cannot see.
    monkeypatch.setattr(queues, "send", lambda *_, **__: None)
    monkeypatch.setattr(relay, "SENT_LONG_AGO", OVER)
    try:
        yield two
    finally:
        connection.close()
        connection.settings_dict.update(own)


@pytest.mark.timeout(1_200)
def test_only_the_newest_attempt_counts_and_each_job_ends_once(
    service: Service,
    installation: list[Organisation],
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    with redis.Redis.from_url(service.instance.owner_redis_url()) as broker:
        Life.organisations, Life.broker, Life.patched, Life.steps = installation, broker, monkeypatch, 0
        seed(SEED)(Life)
        run_state_machine_as_test(Life, settings=chosen)
    record_property("figure", f"{EXAMPLES:,} lives of jobs, {Life.steps:,} steps")
    assert Life.steps > EXAMPLES * 5


# The door of doors.sql, which asks for no attempt.
WITHOUT_A_FENCE = """
    CREATE OR REPLACE FUNCTION door.finish_job(job_id text, held integer, how text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        WITH finished AS (
            UPDATE job SET state = 'done', outcome = how, finished_at = clock_timestamp(), lease_until = NULL
            WHERE id = job_id AND tenant = door.tenant() AND state = 'running' RETURNING 1
        ) SELECT EXISTS (SELECT FROM finished);
    $$
"""


class First:
    """Chooses the first of what may be chosen."""

    def draw(self, strategy: st.SearchStrategy[int]) -> int:
        return 1


@pytest.mark.control
def test_an_old_attempt_that_counted_would_be_seen(
    installation: list[Organisation], monkeypatch: pytest.MonkeyPatch
) -> None:
    Life.organisations, Life.patched = installation, monkeypatch
    life = Life()
    try:
        with connection.cursor() as cursor:  # It is taken back with everything else.
            cursor.execute(WITHOUT_A_FENCE)
        job_id = life.submit()
        life.claim(job_id, is_lost=True)
        life.claim(job_id, is_lost=False)
        with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
            life.finish(job_id, First(), "succeeded")
    finally:
        life.teardown()
