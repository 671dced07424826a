"""A pooler that hands one connection's session to another is noticed, and no process starts behind it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import psycopg
import pytest

from tenants import boot, sessions, wakeups


class Pooled:
    """A connection to a pooler in transaction mode: each statement goes to whichever session is free just then.

    Real sessions of the real server, handed out as such a pooler does it: the one that was used last comes first, and
    one that is in a transaction stays with whoever began it.
    """

    def __init__(self, pool: list[psycopg.Connection]) -> None:
        self._pool = pool
        self._held: psycopg.Connection | None = None

    def __enter__(self) -> "Pooled":
        return self

    def __exit__(self, *raised: Any) -> None:
        pass

    def execute(self, query: Any, values: Any = None, /) -> Any:
        session = self._held or self._pool.pop()
        result = session.execute(query, values)
        if session.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            self._held = session
        else:
            self._held = None
            self._pool.append(session)
        return result


class Rotated(Pooled):
    """The one that was used longest ago comes first."""

    def execute(self, query: Any, values: Any = None, /) -> Any:
        self._pool.reverse()
        try:
            return super().execute(query, values)
        finally:
            self._pool.reverse()


def direct() -> psycopg.Connection:
    return psycopg.connect(**wakeups.login(), autocommit=True)


@pytest.fixture
def pool(db: None) -> Iterator[Callable[[int], list[psycopg.Connection]]]:
    with ExitStack() as opened:
        yield lambda size: [opened.enter_context(direct()) for _ in range(size)]


def test_sessions_of_direct_connections_last(db: None) -> None:
    assert sessions.last(direct)
    boot.check_sessions()


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", [Pooled, Rotated])
def test_a_pooler_in_transaction_mode_is_noticed(
    pool: Callable[[int], list[psycopg.Connection]], kind: type[Pooled], size: int
) -> None:
    # With one session of its own a transaction would keep everybody else waiting, as it does with such a pooler.
    shared = pool(size)
    assert not sessions.last(lambda: kind(shared))


def test_one_session_each_is_as_good_as_none_between(pool: Callable[[int], list[psycopg.Connection]]) -> None:
    numbers, each = count(), pool(sessions.CONNECTIONS)
    assert sessions.last(lambda: Pooled([each[next(numbers)]]))


def test_no_process_starts_behind_a_pooler(
    pool: Callable[[int], list[psycopg.Connection]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = pool(2)
    monkeypatch.setattr("psycopg.connect", lambda **_: Pooled(shared))
    with pytest.raises(boot.UnsafeConfiguration, match="pool_mode = session"):
        boot.check_sessions()
