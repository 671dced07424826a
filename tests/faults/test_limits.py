"""What is counted when the web process is killed, and what limits hold when the broker is."""

import json
import threading
import time
from collections.abc import Iterator

import httpx2 as httpx
import pytest

from tenants import ids
from tests.end_to_end.stranger import Api
from tests.faults.blows import kill
from tests.service import Service

MODEL = "assort.support"
SECOND = 1.0

pytestmark = pytest.mark.proves("API", "code", "the gateway or the broker is killed while customers are counted")


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, since these tests break it."""
    service = Service(tmp_path_factory.mktemp("limits") / "data")
    service.start()
    yield service
    service.stop()


@pytest.fixture
def api(victim: Service) -> Iterator[Api]:
    name = f"Counted {ids.random_text(6)}"
    made = victim.manage("organisation", "create", name, "--owner", "carl@example.test", "--plan", "standard")
    api = Api(victim.url, json.loads(made.stdout)["key"])
    with api.client:
        yield api


class Caller:
    """Asks without a pause, in a thread, and remembers when it was answered how."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.answers: list[tuple[float, int]] = []

    def __enter__(self) -> "Caller":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def until(self, count: int) -> None:
        """Return when so many more are answered with 200."""
        wanted = len(self.times()) + count
        deadline = time.monotonic() + 60
        while len(self.times()) < wanted:
            assert time.monotonic() < deadline, self.answers[-3:]
            time.sleep(0.05)

    def times(self) -> list[float]:
        return [moment for moment, status in list(self.answers) if status == 200]

    def _ask(self) -> None:
        while not self._ended.is_set():
            try:
                status = self._api.classify(MODEL, ["a text"]).status_code
            except httpx.TransportError:
                status = 0
            self.answers.append((time.monotonic(), status))
            # Half of what the plan allows, so that no limit is in the way.
            time.sleep(0.1)


def recorded(api: Api) -> int:
    return sum(int(line["rows"]) for line in api.get("usage")["data"])


@pytest.mark.proves("gateway", "code", "The gateway is killed while it counts what customers use")
def test_a_killed_gateway_loses_a_second_of_counts_at_most(victim: Service, api: Api) -> None:
    with Caller(api) as caller:
        caller.until(40)
        killed = time.monotonic()
        kill(victim, "gateway")
        caller.until(1)
    answered = caller.times()
    time.sleep(2 * SECOND)
    lost = len(answered) - recorded(api)
    # What was on its way may still be answered after the blow.
    assert 0 <= lost <= sum(killed - SECOND <= moment <= killed + SECOND / 10 for moment in answered)


@pytest.mark.proves("gateway", "code", "The broker is killed while requests come")
def test_a_broker_that_is_killed_makes_nobody_see_an_error_of_ours(victim: Service, api: Api) -> None:
    with Caller(api) as caller:
        caller.until(5)
        kill(victim, "valkey")
        caller.until(20)
    assert {status for _, status in caller.answers} <= {200, 503}


@pytest.mark.proves("broker", "PostgreSQL, code", "The broker loses all that it knew of a month's use")
def test_a_broker_that_comes_back_empty_knows_the_months_rows(victim: Service, api: Api) -> None:
    api.client.patch("organisation", json={"rows_per_month_cap": 20}).raise_for_status()
    assert api.classify(MODEL, ["a text"] * 19).status_code == 200
    api.until("usage", lambda found: sum(line["rows"] for line in found["data"]) == 19)
    for file in (victim.instance.data / "valkey").rglob("*.aof*"):
        file.unlink()
    kill(victim, "valkey")
    deadline = time.monotonic() + 30
    while (refused := api.classify(MODEL, ["a text"] * 2)).status_code == 503:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert refused.status_code == 429
    assert api.classify(MODEL, ["a text"]).status_code == 200
