"""Keeps a job while it runs: renews its lease, looks for a wish to cancel, and hands it back when told to stop.

A thread does this beside the work, which may sit in compiled code for seconds. It ends the process where the work
must not go on, because there is no other way to stop compiled code; everything that counts is in the database.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import cast

from django.db import DatabaseError, connection

from tenants import isolation, jobs

log = logging.getLogger(__name__)

LOST = (
    f"It stopped {jobs.ATTEMPTS} times without coming to an end, most likely for lack of memory. "
    "Try fewer rows or columns, or ask whoever runs this service."
)
OUR_FAULT = "This is our fault, and it was logged. Name {} when you report it."

LOOK_SECONDS = 1.0
RENEW_SECONDS = jobs.LEASE.total_seconds() / 4


@dataclass(frozen=True)
class Bounds:
    """What the organisation's plan allows a job. A worker cannot read plans, so it is told."""

    dataset_rows: int = 1_000_000
    training_seconds: int = 3_600


DEFAULT_BOUNDS = Bounds()


@contextmanager
def kept(job_id: str, attempt: int, *, tenant: str, stops: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Keep the job for the block. `stops` is asked each second; when it has ended the job, it says True."""
    keeper = _Keeper(job_id, attempt, tenant, stops)
    # A signal that every thread blocks waits for the keeper's sigtimedwait, whatever the main thread is doing.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    thread = threading.Thread(target=keeper.run, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        keeper.done.set()
        with suppress(ProcessLookupError):  # It may have ended by itself just now.
            signal.pthread_kill(cast("int", thread.ident), signal.SIGTERM)
        thread.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Keeper:
    def __init__(self, job_id: str, attempt: int, tenant: str, stops: Callable[[], bool]) -> None:
        self.job_id, self.attempt, self.tenant, self.stops = job_id, attempt, tenant, stops
        self.done = threading.Event()

    def run(self) -> None:
        isolation.in_thread_of_worker(self.tenant)
        renewed = time.monotonic()
        while not self.done.is_set():
            told_to_stop = signal.sigtimedwait({signal.SIGTERM}, LOOK_SECONDS) is not None
            if self.done.is_set():  # The signal was ours, to end the wait.
                break
            try:
                if told_to_stop:
                    jobs.hand_back(self.job_id, self.attempt)
                    self._end("handed back")
                if self.stops():
                    self._end("stopped")
                if time.monotonic() - renewed > RENEW_SECONDS:
                    self._renew()
                    renewed = time.monotonic()
            except jobs.LeaseLost:
                self._end("taken over by another attempt")
            except DatabaseError as error:
                # The database is away. The lease may run out meanwhile; then the fence refuses our result.
                log.warning("cannot renew the lease of %s: %s", self.job_id, error)
                connection.close()
        connection.close()

    def _renew(self) -> None:
        if not jobs.renew(self.job_id, self.attempt):
            raise jobs.LeaseLost(self.job_id)

    def _end(self, why: str) -> None:
        if self.done.is_set():  # The work has just ended by itself.
            return
        log.info("%s %s", self.job_id, why)
        logging.shutdown()
        os._exit(0)
