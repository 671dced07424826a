import logging
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone

from classifier import results
from classifier.results import Answered
from tenants import isolation

log = logging.getLogger(__name__)

# What is answered within this time is written together: of many organisations that ask a little, each write is a
# transaction of its own. An answer is found within two seconds.
GATHER_SECONDS = 1.0
BATCH_SIZE = 1_000
# Requests that wait to be written while the database is away.
ROOM = 5_000
# Django translates the driver's errors, but not those of entering an organisation.
AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


class Scribe:
    """Writes down what a worker has answered, in a thread beside the answering, which it neither delays nor fails."""

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self._answered: deque[Answered] = deque()
        self._noted, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, request: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
        """Have an answer that was sent written down, if the organisation wants it kept."""
        if not results.is_kept(request, reply):
            return
        if len(self._answered) >= ROOM:
            log.error("%s is not kept, because the database has been away for too long", request["id"])
            return
        self._answered.append(Answered(request, reply, timezone.now()))
        self._noted.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write down what is left, and end."""
        if self._thread is not None:
            self._stopping.set()
            self._noted.set()
            self._thread.join()

    def _run(self) -> None:
        isolation.in_thread_of_worker(self._tenant)
        while not self._stopping.is_set():
            self._noted.wait()
            self._stopping.wait(GATHER_SECONDS)
            self._noted.clear()
            while batch := self._take():
                if not self._write(batch):
                    break
        connection.close()

    def _take(self) -> list[Answered]:
        return [self._answered.popleft() for _ in range(min(len(self._answered), BATCH_SIZE))]

    def _write(self, batch: list[Answered]) -> bool:
        """Write the batch, and say whether the database was there."""
        try:
            results.record(batch)
        except AWAY as error:
            log.warning("%d answers are written later, because the database is away: %s", len(batch), error)
            connection.close()
            self._answered.extendleft(reversed(batch))
            self._noted.set()
            self._stopping.wait(1.0)
            return False
        except (DatabaseError, psycopg.Error):
            self._write_singly(batch)
        return True

    def _write_singly(self, batch: list[Answered]) -> None:
        """One answer that the database refuses must not take the others with it."""
        for answered in batch:
            try:
                results.record([answered])
            except (DatabaseError, psycopg.Error):
                log.exception("%s is not kept", answered.request["id"])
