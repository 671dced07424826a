"""How long a refusal takes tells nobody whether something exists."""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx2 as httpx
import pytest

from tests import form
from tests.isolation.neighbours import Neighbour
from tests.service import Service

ROUNDS = form.cases(60, 200)
# What is not more than this apart is one class; what the same question differs by from itself comes on top of it.
SAME_CLASS = 1.5

Ask = Callable[[], httpx.Response]


@dataclass(frozen=True)
class Question:
    """A call about an object, which is somebody else's or nobody's."""

    method: str
    path: str
    parameter: str
    body: str = ""

    def about(self, caller: httpx.Client, id: object) -> Ask:
        path, body = self.path.replace("ID", str(id)), self.body.replace("ID", str(id)) or None
        headers = {"Content-Type": "application/json"}
        return lambda: caller.request(self.method, path, content=body, headers=headers)


QUESTIONS = (
    Question("GET", "datasets/ID", "dataset_id"),
    Question("GET", "datasets/ID/rows", "dataset_id"),
    Question("GET", "training_jobs/ID", "job_id"),
    Question("POST", "training_jobs/ID/cancel", "job_id"),
    Question("POST", "training_jobs", "dataset_id", body='{"dataset": "ID", "model": "taken"}'),
    Question("GET", "models/ID", "model"),
    Question("GET", "models/ID/versions/1", "model"),
    Question("POST", "models/ID/classify", "model", body='{"inputs": ["the invoice"]}'),
    Question("GET", "classifications/ID", "classification_id"),
    Question("DELETE", "api_keys/ID", "key_id"),
)


def medians(*asked: Ask, rounds: int) -> list[float]:
    """Return how long each of these takes, in seconds, asked in turn and in an order that changes."""
    taken: list[list[float]] = [[] for _ in asked]
    chance = random.Random(form.SEED)  # noqa: S311 - An order that can be repeated.
    for _ in range(rounds):
        for number in chance.sample(range(len(asked)), len(asked)):
            began = time.perf_counter()
            asked[number]()
            taken[number].append(time.perf_counter() - began)
    return [statistics.median(each) for each in taken]


def apart(one: float, other: float) -> float:
    return max(one, other) / min(one, other)


@pytest.fixture(scope="module")
def caller(service: Service, theirs: Neighbour) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {theirs.key}"}
    with httpx.Client(base_url=f"{service.url}/api/v1/", headers=headers, timeout=30) as client:
        yield client


def another(id: object) -> str:
    """Return what looks like this id, and is nobody's."""
    kind, _, rest = str(id).rpartition("_")
    return f"{kind}_{'0' * len(rest)}" if kind else "0" * len(rest)


@pytest.mark.proves("API", "code", "How long a refusal takes: does it tell what is somebody's from what is nobody's?")
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: f"{question.method} {question.path}")
def test_somebodys_is_refused_as_fast_as_nobodys(
    caller: httpx.Client, ours: Neighbour, question: Question, record_property: Callable[[str, object], None]
) -> None:
    id = ours.names[question.parameter]
    somebodys, nobodys, again = (
        question.about(caller, each) for each in (id, another(id), another(id).replace("0", "1"))
    )
    assert somebodys().status_code == nobodys().status_code == again().status_code == 404
    of_somebody, of_nobody, the_same = medians(somebodys, nobodys, again, rounds=ROUNDS)
    noise = apart(of_nobody, the_same)
    found = apart(of_somebody, of_nobody)
    record_property(
        "figure", f"{question.method} {question.path.replace('ID', '…')}: {found:.2f} × (noise {noise:.2f} ×)"
    )
    assert found <= SAME_CLASS * noise


@pytest.mark.control
def test_what_takes_longer_is_seen(caller: httpx.Client) -> None:
    """The document of the API is generated anew for each who asks, and so takes longer than a call."""
    quick, again, slow = medians(
        lambda: caller.get("me"), lambda: caller.get("me"), lambda: caller.get("/api/schema"), rounds=10
    )
    assert apart(slow, quick) > SAME_CLASS * apart(quick, again)
