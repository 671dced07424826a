"""Requests: an alias `champion` that somebody else moved. Each becomes a job of the organisation's own worker.

They are looked for in a thread of their own, because the recorder may be at work for seconds, and a version that is
asked for is to answer within five.
"""

import logging
import time
from pathlib import Path

import psycopg

from classifier.registrar import assignments, inbox
from classifier.registrar.assignments import Connection, InHand
from classifier.registrar.holdings import Alias, Holdings, RegistryDown
from classifier.registrar.tenant_files import FilesRefused
from tenants import ids

log = logging.getLogger("classifier.registrar")

_LOOK_SECONDS = 1.0
_RECONNECT_SECONDS = 2.0
# A request that could not be handed over is left alone for so long.
_PATIENCE_SECONDS = 30.0


class Requests:
    def __init__(self, holdings: Holdings, data: Path) -> None:
        self._holdings = holdings
        self._data = data
        self._patient_until: dict[str, float] = {}

    def watch(self, database: str) -> None:
        """Look for requests for ever."""
        while True:
            try:
                with assignments.connect(database) as public:
                    while True:
                        self._look_if_possible(public)
                        time.sleep(_LOOK_SECONDS)
            except psycopg.OperationalError:  # The registrar's other thread says so in the log.
                time.sleep(_RECONNECT_SECONDS)

    def look(self, public: Connection) -> None:
        """Hand in a job for each alias that was moved, unless there is one."""
        # In this order: a request that is settled between the two reads is in hand still, and looked at the next time.
        in_hand = assignments.in_hand(public)
        for name, alias in self._holdings.moved(or_named=in_hand).items():
            if not _is_asked(alias, in_hand.get(name)) or self._patient_until.get(name, 0.0) > time.monotonic():
                continue
            model = assignments.asked_for(public, name)
            if model is None or alias.number is None:
                continue
            wanted = self._holdings.number_of(name, model.version) if model.version else None
            if name in in_hand or alias.number != wanted:
                self._take(public, model.tenant, model.model, alias.number)

    def _look_if_possible(self, public: Connection) -> None:
        try:
            if self._holdings.is_ready():
                self.look(public)
        except RegistryDown:  # The registrar's other thread says so in the log.
            time.sleep(_RECONNECT_SECONDS)

    def _take(self, public: Connection, tenant: str, model: str, number: int) -> None:
        job_id, version = ids.new("job"), self._holdings.registered(f"{tenant}.{model}", number)
        try:
            inbox.deliver(self._data, tenant, job_id, model=model, number=number, version=version)
        except (FilesRefused, OSError) as error:
            self._patient_until[f"{tenant}.{model}"] = time.monotonic() + _PATIENCE_SECONDS
            log.warning("%s.%s@champion was moved to %d, which cannot be delivered: %s", tenant, model, number, error)
            return
        assignments.request(public, job_id, tenant, f"{model}@{number}")
        log.info("%s.%s@champion was moved to %d: its worker is asked (%s)", tenant, model, number, job_id)


def _is_asked(alias: Alias, in_hand: InHand | None) -> bool:
    """Whether the alias stands where nobody has looked at yet.

    While a request is in hand, the alias was last seen there: who moves it back to where it was before asks for that.
    Of one that is refused, it is the registrar who moves it back.
    """
    if in_hand is None or in_hand.is_refused:
        return alias.is_moved and (in_hand is None or alias.number != in_hand.number)
    return alias.number != in_hand.number
