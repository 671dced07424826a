"""The registrar's process: sees to it, every two seconds and when it is woken, that MLflow says what `public` says."""

import _thread
import logging
import os
import threading
import time
from collections.abc import Container
from pathlib import Path

import psycopg

from classifier.registrar import assignments, environment
from classifier.registrar.assignments import Assignment, Champion, Connection, Request, SharedEncoder
from classifier.registrar.child import Recorder, RecorderFailed
from classifier.registrar.holdings import Holdings, RegistryDown
from classifier.registrar.requests import Requests
from tenants import logs, metrics, notify
from tenants.heartbeats import Heart
from tenants.metrics import Gauge

log = logging.getLogger("classifier.registrar")

_SWEEP_SECONDS = 2.0
_RECONNECT_SECONDS = 2.0
# A champion or a deletion that failed is left alone for so long; jobs have their own back-off.
_PATIENCE_SECONDS = 30.0


class Registrar:
    def __init__(self, holdings: Holdings, recorder: Recorder) -> None:
        self._holdings = holdings
        self._recorder = recorder
        self._is_down = False
        self._patient_until: dict[str, float] = {}
        self._forgotten: set[str] = set()
        self._heart = Heart("registrar")

    def serve(self, public: Connection) -> None:
        """Work until `public` cannot be reached, which raises psycopg.OperationalError."""
        while True:
            self._heart.beat(public.execute)
            if not self._round(public):
                self._recorder.end_if_idle()
                assignments.wait(public, _SWEEP_SECONDS)

    def _round(self, public: Connection) -> bool:
        """Do what is due, at most one job an organisation, and say whether there was a job that got done."""
        try:
            is_ready = self._holdings.is_ready()
            done = [self._record_under_its_name(public, job) for job in assignments.due(public)]
            if is_ready:
                self._put_champions(assignments.champions(public), in_hand=assignments.in_hand(public))
                self._forget(assignments.deleted(public))
                self._put_encoders(assignments.encoders(public))
        except RegistryDown as error:
            if not self._is_down:
                log.warning("MLflow's database does not answer, everything to record waits: %s", error)
            self._is_down = True
            return False
        if self._is_down:
            log.info("MLflow's database answers again")
        self._is_down = False
        return any(done)

    def _record_under_its_name(self, public: Connection, job: Assignment) -> bool:
        with logs.about(tenant=job.tenant, job=job.id):
            return self._record(public, job)

    def _record(self, public: Connection, job: Assignment) -> bool:
        request = job.request()
        if request is None:
            assignments.give_up(public, job, "its subject or its note is not one")
            return True
        if job.kind == "settle":
            request["champion"] = assignments.champion(public, job.tenant, str(request["model"])) or 0
        started = time.monotonic()
        try:
            self._recorder.ask(request)
        except RecorderFailed as error:
            # An outage is nobody's failure: this raises RegistryDown, and the attempt does not count.
            self._holdings.is_ready()
            assignments.fail(public, job, str(error))
            return False
        assignments.succeed(public, job)
        log.info("%s %s.%s in %.1f s", job.kind, job.tenant, job.subject, time.monotonic() - started)
        return True

    def _put_champions(self, champions: list[Champion], *, in_hand: Container[str]) -> None:
        aliases = self._holdings.aliases()
        for champion in champions:
            name, version = champion.name, champion.version
            alias = aliases.get(name)
            if alias is None or name in in_hand or alias.stands_at(version):
                continue
            number = self._holdings.number_of(name, version)
            # Without a registered version there is nothing to point at yet; and who moved the alias has asked for it.
            if number is None or (alias.is_moved and alias.number != number):
                continue
            request: Request = {"do": "promote", "tenant": champion.tenant, "model": champion.model, "number": number}
            if self._ask_patiently(name, request):
                log.info("%s@champion is version %d", name, version)

    def _put_encoders(self, encoders: list[SharedEncoder]) -> None:
        """Register those that are not. By now a model has been, so that MLflow has made its tables."""
        registered = self._holdings.encoders() if encoders else set()
        for encoder in encoders:
            request: Request = {"do": "register_encoder", "name": encoder.name, "sha256": encoder.sha256}
            if encoder.sha256 not in registered and self._ask_patiently(encoder.name, request):
                log.info("the encoder %s is registered", encoder.name)

    def _forget(self, deleted: set[str]) -> None:
        for tenant in deleted - self._forgotten:
            if not self._holdings.knows(tenant):
                self._forgotten.add(tenant)
            elif self._ask_patiently(tenant, {"do": "forget", "tenant": tenant}):
                log.info("nothing of %s is left in MLflow", tenant)

    def _ask_patiently(self, about: str, request: Request) -> bool:
        if self._patient_until.get(about, 0.0) > time.monotonic():
            return False
        try:
            self._recorder.ask(request)
        except RecorderFailed as error:
            log.warning(
                "%s %s failed and is tried again in %.0f s: %s",
                request["do"],
                about,
                _PATIENCE_SECONDS,
                error,
            )
            self._patient_until[about] = time.monotonic() + _PATIENCE_SECONDS
            return False
        self._patient_until.pop(about, None)
        return True


def _watch(requests: Requests, database: str) -> None:
    try:
        requests.watch(database)
    except assignments.UnsafeLogin as error:
        # Said here as well, since the interruption may come before the main thread has looked at the login itself.
        log.critical("%s", error)
    finally:  # A registrar that hears no request is none: the supervisor starts another.
        _thread.interrupt_main()


def main() -> None:
    logs.configure(logs.configuration())
    database, mlflow = environment.required("DATABASE_URL"), environment.required("MLFLOW_DATABASE_URL")
    registrar = Registrar(Holdings(mlflow), Recorder(environment.recorder(os.environ)))
    requests = Requests(Holdings(mlflow), Path(environment.required("ASSORT_DATA")))
    threading.Thread(target=_watch, args=(requests, database), name="requests", daemon=True).start()
    what = "Versions and models whose record in MLflow is to be made."
    Gauge("assort_versions_waiting", what, lambda: {(): assignments.count(database)})
    metrics.serve()
    while True:
        try:
            with assignments.connect(database) as public:
                notify.ready()
                registrar.serve(public)
        except psycopg.OperationalError as error:
            log.warning("the database does not answer, trying again: %s", str(error).strip())
            time.sleep(_RECONNECT_SECONDS)
        except assignments.UnsafeLogin as error:
            raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
