"""Customers who ask for work all the while, and a canary whose way through the service says when it works again."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random

import httpx2 as httpx

from classifier.kinds import FAST
from tests.faults.ledger import CLASSIFICATION, TERMINAL, TRAINING, Accepted, Ledger
from tests.faults.stage import Customer, Stage

LATER = {"Prefer": "respond-async"}
# Longer than a request takes, and short enough for a service that is away not to hold up its callers.
TIMEOUT = httpx.Timeout(3.0)
RECOVERED_WITHIN = 90.0
AWAY_SECONDS = 1.0
PATIENCE = 240.0
TEXTS = ("the invoice is wrong", "my password is lost", "it crashed", "the parcel is late")


@dataclass(frozen=True)
class Load:
    """How many jobs are asked for, spread over so many seconds."""

    classifications: int
    trainings: int
    seconds: float


class Siege:
    def __init__(self, stage: Stage, ledger: Ledger, random: Random) -> None:
        self._stage = stage
        self._ledger = ledger
        self._random = random
        self.wrongs: list[str] = []

    @contextmanager
    def under(self, load: Load) -> Iterator[None]:
        """Ask for work while the block runs, and go on until as much is accepted as was wanted."""
        threads = [threading.Thread(target=self._ask_for, args=(customer, load)) for customer in self._stage.customers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for thread in threads:
                thread.join()

    def canary(self) -> float:
        """Return when a request that was accepted since is known to be answered, as a Unix time."""
        customer = self._random.choice(self._stage.customers)
        deadline = time.monotonic() + RECOVERED_WITHIN
        with _client(self._stage, customer) as client:
            id = ""
            while time.monotonic() < deadline:
                with suppress(httpx.TransportError):
                    id = id or self._accepted(client, customer)
                    if id and self._has_ended(client, id):
                        return time.time()
                time.sleep(0.05)
        self.wrongs.append(f"nothing was answered for {RECOVERED_WITHIN:.0f} s")
        return time.time()

    def _ask_for(self, customer: Customer, load: Load) -> None:
        """Ask for this customer's part of the load; what is not accepted is asked for again, as a new job."""
        share = len(self._stage.customers)
        wanted = [CLASSIFICATION] * (load.classifications // share) + [TRAINING] * (load.trainings // share)
        Random(customer.tenant).shuffle(wanted)  # noqa: S311 - an order, not a secret
        pause = load.seconds / max(1, len(wanted))
        began, deadline = time.time_ns(), time.monotonic() + load.seconds + PATIENCE
        with _client(self._stage, customer) as client:
            while wanted and time.monotonic() < deadline:
                try:
                    id = self._accepted(client, customer, wanted[-1], f"{customer.tenant} {began} {len(wanted)}")
                except httpx.TransportError:
                    time.sleep(AWAY_SECONDS)
                    continue
                if id:
                    wanted.pop()
                time.sleep(pause)
        self.wrongs += [f"{len(wanted)} jobs were never accepted"] * bool(wanted)

    def _accepted(self, client: httpx.Client, customer: Customer, kind: str = CLASSIFICATION, key: str = "") -> str:
        """Return the id of a job that is asked for, or nothing if it was refused for now.

        A training that is asked for again under the same `key`, since nobody heard the answer, is one.
        """
        if kind == TRAINING:
            options = {"dataset": customer.dataset, "model": "first", "options": {"quality": FAST}}
            answer = client.post("training_jobs", json=options, headers={"Idempotency-Key": key})
        else:
            body = {"inputs": [self._random.choice(TEXTS)]}
            answer = client.post("models/first/classify", json=body, headers=LATER)
        if answer.status_code not in (201, 202):
            if answer.status_code not in (409, 429, 503):
                self.wrongs.append(f"{answer.status_code}: {answer.text[:200]}")
            return ""
        id = str(answer.json()["id"])
        self._ledger.note(Accepted(id, kind, customer))
        return id

    def _has_ended(self, client: httpx.Client, id: str) -> bool:
        answer = client.get(f"classifications/{id}")
        return answer.status_code == 200 and answer.json()["status"] in TERMINAL


def _client(stage: Stage, customer: Customer) -> httpx.Client:
    headers = {"Authorization": f"Bearer {customer.key}"}
    return httpx.Client(base_url=f"{stage.service.url}/api/v1/", headers=headers, timeout=TIMEOUT)
