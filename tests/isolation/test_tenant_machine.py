"""Whatever is entered, begun, broken, rolled back and left, in any order: role and path are never another's.

A model says after each step who this connection must be, and PostgreSQL says who it is.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from typing import Any, ClassVar, NamedTuple

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import DataError, OperationalError, connection, transaction
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tenants import isolation
from tenants.models import Organisation
from tests import universe
from tests.form import SEED, cases
from tests.service import Service

pytestmark = pytest.mark.proves(
    "database", "PostgreSQL", "switches of organisation, transactions, errors and lost connections in any order"
)

EXAMPLES, STEPS = cases(short=30, long=2_000), cases(short=20, long=50)
WEB = "assort_web"


class Who(NamedTuple):
    role: str
    path: str


NOBODY = Who(WEB, '"public"')


def asked() -> Who:
    """Return who PostgreSQL takes this connection for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('search_path')")
        return Who(*cursor.fetchone())


def inside(organisation: Organisation) -> Who:
    schema = isolation.schema(organisation.tenant)
    return Who(schema, f'"{schema}"')


class Switching(RuleBasedStateMachine):
    """Blocks that are open, the innermost last: an organisation's, or a transaction's."""

    organisations: ClassVar[list[Organisation]] = []
    killer: ClassVar[Callable[[int], None]]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, AbstractContextManager[Any]]] = []
        self.who = NOBODY
        # A statement has failed: PostgreSQL takes no other one until the innermost transaction is rolled back.
        self.is_broken = False

    def teardown(self) -> None:
        while self.open:
            self._leave_with(Aborted())
        connection.close()

    @precondition(lambda self: self.who == NOBODY and not self.is_broken)
    @rule(number=st.integers(0, 1))
    def enter(self, number: int) -> None:
        block = isolation.entered(self.organisations[number])
        block.__enter__()
        self.open.append(("organisation", block))
        self.who = inside(self.organisations[number])

    @precondition(lambda self: self.who != NOBODY and not self.is_broken)
    @rule(number=st.integers(0, 1))
    def enter_another(self, number: int) -> None:
        with pytest.raises(RuntimeError, match="already inside"), isolation.entered(self.organisations[number]):
            pass

    @rule()
    @precondition(lambda self: not self.is_broken and len(self.open) < 8)
    def begin(self) -> None:
        block = transaction.atomic()
        block.__enter__()
        self.open.append(("transaction", block))

    @precondition(lambda self: self.open and not self.is_broken)
    @rule()
    def end(self) -> None:
        self._leave_with(None)

    @precondition(lambda self: self.open)
    @rule()
    def abort(self) -> None:
        self._leave_with(Aborted())

    @precondition(lambda self: self._in_transaction() and not self.is_broken)
    @rule()
    def fail(self) -> None:
        with pytest.raises(DataError), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        self.is_broken = True

    @precondition(lambda self: not self._in_transaction())
    @rule()
    def fail_outside_of_a_transaction(self) -> None:
        with pytest.raises(DataError), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    @precondition(lambda self: not self._in_transaction())
    @rule()
    def close(self) -> None:
        """The connection has become too old, or the request has ended."""
        connection.close()

    @precondition(lambda self: not self._in_transaction())
    @rule()
    def lose_the_connection(self) -> None:
        connection.ensure_connection()
        type(self).killer(connection.connection.info.backend_pid)
        with pytest.raises(OperationalError), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.close_if_unusable_or_obsolete()

    @precondition(lambda self: not self.is_broken)
    @rule()
    def look_from_another_thread(self) -> None:
        assert in_thread(asked) == NOBODY

    @precondition(lambda self: not self._in_transaction())
    @rule()
    def write_the_path_by_hand(self) -> None:
        """Code that sets it for the length of a transaction changes nothing after it."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('search_path', 'pg_temp', true)")

    @invariant()
    def it_is_who_it_must_be(self) -> None:
        type(self).steps += 1
        if not self.is_broken:
            assert asked() == self.who

    def _in_transaction(self) -> bool:
        return any(kind == "transaction" for kind, _ in self.open)

    def _leave_with(self, error: Exception | None) -> None:
        kind, block = self.open.pop()
        if self.is_broken:
            error = error or Aborted()
        with suppress(Aborted):
            block.__exit__(None if error is None else type(error), error, None)
        if kind == "transaction":
            self.is_broken = False
        else:
            self.who = NOBODY


class Aborted(Exception):
    """Something went wrong in the block, and not in PostgreSQL."""


def in_thread(look: Callable[[], Who]) -> Who:
    seen: list[Who] = []

    def run() -> None:
        seen.append(look())
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return seen[0]


@pytest.fixture
def two(service: Service, committed: None) -> Iterator[list[Organisation]]:
    """Two organisations, and a connection of its own for the test."""
    connection.close()
    yield [universe.organisation(name, universe.person(name.lower()))[0] for name in ("First", "Second")]
    connection.close()


@pytest.fixture
def killer(two: list[Organisation]) -> Iterator[Callable[[int], None]]:
    """Ends a connection from outside, as its own login may."""
    own = connection.settings_dict
    server = {"host": own["HOST"], "port": own["PORT"], "dbname": own["NAME"]}
    with psycopg.connect(**server, user=own["USER"], password=own["PASSWORD"], autocommit=True) as another:
        yield lambda pid: void(another.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]))


def void(_: object) -> None:
    """Forget what was returned."""


@pytest.mark.timeout(cases(short=1_200, long=2_400))
def test_a_connection_is_always_who_it_must_be(
    two: list[Organisation], killer: Callable[[int], None], record_property: Callable[[str, object], None]
) -> None:
    Switching.organisations, Switching.killer, Switching.steps = two, staticmethod(killer), 0
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    seed(SEED)(Switching)
    run_state_machine_as_test(Switching, settings=chosen)
    record_property("figure", f"{EXAMPLES:,} orders of events, {Switching.steps:,} times asked who it is")
    assert Switching.steps > EXAMPLES * 5


def of_a_thread() -> Who:
    who = asked()
    connection.close()
    return who


def test_what_is_started_inside_does_not_see_the_organisation(two: list[Organisation]) -> None:
    context = contextvars.copy_context()
    with isolation.entered(two[0]), ThreadPoolExecutor(1) as pool:
        inherited = contextvars.copy_context()
        assert asked() == inside(two[0])
        assert in_thread(asked) == NOBODY
        assert pool.submit(of_a_thread).result() == NOBODY
        assert pool.submit(inherited.run, of_a_thread).result() == NOBODY
        assert pool.submit(context.run, of_a_thread).result() == NOBODY
        assert asked() == inside(two[0])


def test_what_an_event_loop_runs_inside_does_not_see_the_organisation(two: list[Organisation]) -> None:
    async def look() -> tuple[Who, Who]:
        elsewhere = sync_to_async(of_a_thread, thread_sensitive=False)
        return await asyncio.to_thread(of_a_thread), await elsewhere()

    def served() -> tuple[Who, Who]:
        with isolation.entered(two[0]):
            assert asked() == inside(two[0])
            seen = asyncio.run(look())
            assert asked() == inside(two[0])
        connection.close()
        return seen

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(served).result() == (NOBODY, NOBODY)


@pytest.mark.control
def test_a_connection_that_is_somebody_else_would_be_seen(two: list[Organisation]) -> None:
    class Forgetful(Switching):
        def _leave_with(self, error: Exception | None) -> None:
            # What is forgotten altogether is ended by Python itself.
            self.forgotten = self.open.pop()
            self.who = NOBODY

    Forgetful.organisations = two
    machine = Forgetful()
    machine.enter(0)
    machine.it_is_who_it_must_be()
    machine.end()
    with pytest.raises(AssertionError):
        machine.it_is_who_it_must_be()
    machine.forgotten[1].__exit__(None, None, None)
