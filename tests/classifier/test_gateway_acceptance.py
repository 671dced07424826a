"""Requests for later that come together are kept together, and each is its own caller's."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx2
import pytest
from django.db import DatabaseError

from classifier.gateway import acceptance
from classifier.gateway.acceptance import Acceptance
from classifier.gateway.database import Database
from classifier.later import Later, accept_all
from classifier.models import Classification, ModelVersion
from classifier.results import Keeping
from tenants import isolation
from tenants.errors import NotFound, TenantError, Unavailable
from tenants.models import Job, Organisation
from tests.classifier import rows
from tests.classifier.gateway_stand_ins import aside

pytest_plugins = ["tests.classifier.gateway_fixtures"]
pytestmark = pytest.mark.anyio

LATER = {"Prefer": "respond-async"}


def later(text: str, version: int = 1) -> Later:
    """Return a request whose inputs stay, even if it is answered before they are looked at."""
    keeping = Keeping(inputs=True)
    return Later(model="prompt", version=version, inputs=[text], top_k=1, explain=False, api_key="key", keeping=keeping)


class Counting:
    """Keeps as the real thing does, and counts."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, together: Sequence[Later]) -> Sequence[Classification | TenantError]:
        self.sizes.append(len(together))
        return accept_all(together)


@pytest.fixture
async def trained(committed: None, initech: Organisation) -> Organisation:
    def train() -> None:
        with isolation.entered(initech):
            if not ModelVersion.objects.filter(model__name="prompt").exists():
                rows.trained(initech, rows.ready(initech), "prompt")

    await aside(train)
    return initech


def kept_of(organisation: Organisation, ids: Sequence[str]) -> dict[str, Any]:
    with isolation.entered(organisation):
        return {row.id: row.inputs for row in Classification.objects.filter(id__in=ids)}


async def test_what_comes_together_is_kept_together(trained: Organisation) -> None:
    database, accept = Database(), Counting()
    accepting = Acceptance(database, accept)
    texts = [f"text {number}" for number in range(40)]
    kept = await asyncio.gather(*(accepting.keep(trained, later(text), size=10) for text in texts))
    assert len(accept.sizes) <= 2
    found = await aside(kept_of, trained, [row.id for row in kept])
    assert [found[row.id] for row in kept] == [[text] for text in texts]
    await database.close()


async def test_those_who_are_kept_together_are_told_one_after_the_other(trained: Organisation) -> None:
    database, turns = Database(), 0
    accepting = Acceptance(database, accept_all)
    told: list[int] = []

    async def keep(text: str) -> None:
        await accepting.keep(trained, later(text), size=10)
        told.append(turns)

    keeping = asyncio.gather(*(keep(text) for text in "abcde"))
    while not keeping.done():
        turns += 1
        await asyncio.sleep(0)
    assert len(set(told)) == 5
    await database.close()


async def test_an_error_of_one_is_no_error_of_the_others(trained: Organisation) -> None:
    database = Database()
    accepting = Acceptance(database, accept_all)
    asked = [later("one"), later("two", version=9), later("nul \0 is no text of PostgreSQL's"), later("four")]
    one, two, three, four = await asyncio.gather(
        *(accepting.keep(trained, each, size=10) for each in asked), return_exceptions=True
    )
    assert isinstance(one, Classification)
    assert isinstance(four, Classification)
    assert isinstance(two, NotFound)
    assert isinstance(three, DatabaseError)
    assert len(await aside(kept_of, trained, [one.id, four.id])) == 2
    await database.close()


async def test_when_too_much_waits_the_next_is_refused_at_once(
    trained: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptance, "REQUESTS", 3)
    database = Database()
    accepting = Acceptance(database, accept_all)
    asked = [accepting.keep(trained, later(str(number)), size=10) for number in range(6)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, Unavailable) for answer in answers) >= 2
    assert sum(isinstance(answer, Classification) for answer in answers) >= 3
    await database.close()


async def test_a_stranger_gets_nothing_of_what_was_kept_beside(
    trained: Organisation, caller: httpx2.AsyncClient, globex_key: str
) -> None:
    mine = [caller.post("prompt/classify", json={"inputs": [f"{n}"]}, headers=LATER) for n in range(5)]
    stranger = {**LATER, "Authorization": f"Bearer {globex_key}"}
    answers = await asyncio.gather(*mine, caller.post("prompt/classify", json={"inputs": ["x"]}, headers=stranger))
    assert [answer.status_code for answer in answers] == [202] * 5 + [404]
    ids = [answer.json()["id"] for answer in answers[:5]]
    tenants = await aside(lambda: set(Job.objects.filter(id__in=ids).values_list("tenant", flat=True)))
    assert tenants == {trained.tenant}


async def test_a_caller_that_goes_away_takes_nothing_from_the_others(trained: Organisation) -> None:
    database = Database()
    accepting = Acceptance(database, accept_all)
    gone, *others = (asyncio.create_task(accepting.keep(trained, later(text), size=10)) for text in "abc")
    await asyncio.sleep(0)
    gone.cancel()
    kept = await asyncio.gather(*others)
    found = await aside(kept_of, trained, [row.id for row in kept])
    assert [found[row.id] for row in kept] == [["b"], ["c"]]
    await database.close()
