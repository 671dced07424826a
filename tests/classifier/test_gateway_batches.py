"""What waits of one organisation, and which of it leaves together."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.gateway import batches
from classifier.gateway.batches import BATCH_BYTES, BATCH_ROWS, Asked, Line, Waiting
from tenants.errors import Unavailable

SUPPORT, BILLING = ("support", 1), ("billing", 1)
LINES = [SUPPORT, ("support", 2), BILLING]


# Futures belong to a loop, which nobody runs here.
LOOP = asyncio.new_event_loop()


@pytest.fixture(autouse=True, scope="module")
def _closed_at_the_end() -> Iterator[None]:
    yield
    LOOP.close()


def asked(line: Line = SUPPORT, rows: int = 1, size: int = 100) -> Asked:
    content = {"id": f"cls_{line}", "inputs": ["a text"] * rows}
    return Asked(line, content, size, LOOP.create_future(), when_late=lambda: None)


def filled(*requests: Asked) -> Waiting:
    waiting = Waiting()
    for request in requests:
        waiting.add(request)
    return waiting


def test_what_waits_for_one_version_leaves_together() -> None:
    first, second, third = asked(), asked(), asked()
    waiting = filled(first, second, third)
    assert waiting.take() == [first, second, third]
    assert (len(waiting), waiting.take()) == (0, [])


def test_versions_do_not_mix_and_whoever_waits_longest_comes_first() -> None:
    early, other, late = asked(SUPPORT), asked(BILLING), asked(SUPPORT)
    waiting = filled(early, other, late)
    assert [waiting.take(), waiting.take()] == [[early, late], [other]]


def test_a_batch_has_no_more_rows_and_bytes_than_one_may_have() -> None:
    halves = [asked(rows=BATCH_ROWS // 2) for _ in range(3)]
    assert [len(filled(*halves).take()), len(filled(*(asked(size=BATCH_BYTES // 2) for _ in range(3))).take())] == [
        2,
        2,
    ]


def test_a_request_that_is_larger_than_a_batch_leaves_alone() -> None:
    large, small = asked(size=3 * BATCH_BYTES), asked()
    waiting = filled(large, small)
    assert [waiting.take(), waiting.take()] == [[large], [small]]


def test_whoever_has_gone_is_left_out_and_takes_no_room() -> None:
    gone, here = asked(), asked()
    waiting = filled(gone, here)
    gone.reply.cancel()
    assert waiting.take() == [here]
    assert len(waiting) == 0


def test_beyond_what_may_wait_a_request_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "REQUESTS", 2)
    waiting = filled(asked(), asked())
    with pytest.raises(Unavailable, match="2 requests of this organisation wait already") as refused:
        waiting.add(asked())
    assert refused.value.retry_after == 1
    waiting.take()
    waiting.add(asked())


REQUESTS = st.lists(st.tuples(st.sampled_from(LINES), st.integers(1, 256), st.integers(1, 500_000), st.booleans()))


@given(REQUESTS)
def test_everybody_who_waits_leaves_once_in_the_order_of_its_line(
    described: list[tuple[Line, int, int, bool]],
) -> None:
    requests = [asked(line, rows, size) for line, rows, size, _ in described]
    waiting = filled(*requests)
    for request, (*_, leaves) in zip(requests, described, strict=True):
        if leaves:
            request.reply.cancel()
    left = list(iter(waiting.take, []))
    for line in LINES:
        expected = [one for one in requests if one.line == line and not one.reply.done()]
        assert [one for batch in left for one in batch if one.line == line] == expected
    assert all(len({one.line for one in batch}) == 1 for batch in left)
    assert all(len(batch) == 1 or sum(one.rows for one in batch) <= BATCH_ROWS for batch in left)
    assert (len(waiting), waiting._bytes) == (0, 0)
