"""Organisations that have no model of their own and use the bank's."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tenants.models import User
from tests import universe
from tests.bench import bank
from tests.bench.wrk import Call

FOUNDERS = 4


@dataclass(frozen=True)
class Guest:
    tenant: str
    key: str = field(repr=False)

    def calls(self, questions: tuple[str, ...], *, texts: int = 1) -> list[Call]:
        """Return a request for each run of so many questions."""
        path = f"/api/v1/models/{bank.SHARED}/classify"
        runs = [list(questions[start : start + texts]) for start in range(0, len(questions), texts)]
        return [Call(path, {"inputs": run}, self.key) for run in runs]


def host() -> User:
    """Return somebody to own them: one account is enough."""
    return universe.person("guests")


def found(owner: User, count: int, *, go_on: Callable[[], bool] = lambda: True) -> Iterator[Guest]:
    """Found so many, or as many as may be."""

    def make(_: int) -> Guest | None:
        if not go_on():
            return None
        organisation, key = universe.organisation("Guest", owner)
        return Guest(organisation.id.removeprefix("org_"), key)

    # While the provisioner makes what one needs, the next is being asked for.
    with ThreadPoolExecutor(FOUNDERS) as founders:
        yield from filter(None, founders.map(make, range(count)))


def within(seconds: float) -> Callable[[], bool]:
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() < deadline
