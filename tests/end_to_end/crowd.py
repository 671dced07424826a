"""Callers that ask without a pause, each on a connection of its own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx


@dataclass(frozen=True)
class Heard:
    """One answer: its status, the version that gave it, and the request's beginning in monotonic seconds."""

    status: int
    version: int | None
    began: float


@dataclass
class Crowd:
    """Asks a model the same question over and over, from the moment it is `asking` until the block ends."""

    url: str
    key: str
    model: str
    inputs: list[Any]
    heard: list[Heard] = field(default_factory=list)

    @contextmanager
    def asking(self, callers: int = 8) -> Iterator["Crowd"]:
        enough = threading.Event()
        threads = [threading.Thread(target=self._ask, args=(enough,)) for _ in range(callers)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            enough.set()
            for thread in threads:
                thread.join()

    def statuses(self) -> set[int]:
        return {heard.status for heard in self.heard}

    def _ask(self, enough: threading.Event) -> None:
        headers = {"Authorization": f"Bearer {self.key}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=30) as client:
            while not enough.is_set():
                began = time.monotonic()
                answer = client.post(f"/api/v1/models/{self.model}/classify", json={"inputs": self.inputs})
                self.heard.append(Heard(answer.status_code, answer.json().get("version"), began))
