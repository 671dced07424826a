"""The child process that has MLflow loaded, and the only module that imports it. See `child` for the protocol.

Every request can be repeated: whatever a killed recorder left half done is found by its tag and done again.
"""

import json
import logging
import os
import shutil
import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import psycopg
from mlflow import MlflowClient
from mlflow.cli import gc
from mlflow.db import commands as mlflow_db
from mlflow.entities import Experiment, Metric, Param, Run
from mlflow.exceptions import MlflowException

from classifier.encoders import shelf
from classifier.ml import sentences
from classifier.ml.errors import ArtefactDamaged, EncoderMissing
from classifier.registrar import child, environment, flavour, record, tags, tenant_files
from classifier.registrar.holdings import NUMBER_OF
from classifier.registrar.record import Record, RecordDamaged
from classifier.registrar.tenant_files import FilesRefused
from tenants import logs
from tenants.isolation import checked

log = logging.getLogger("classifier.registrar")

# What is wrong with the files of a version; everything else that is raised is MLflow's.
_REFUSALS = (RecordDamaged, FilesRefused, ArtefactDamaged)
# The experiment of the encoders, which no organisation's name can be, and where their files lie in a run.
_ENCODERS, _FILES = "encoders", "encoder"
# MLflow takes so many parameters or tags in one call, and so many characters in a parameter.
_BATCH = 100
_PARAMETER_LENGTH = 6_000
_RECORD_BYTES = 64 * 1024**2
# Any number, as long as nobody else in MLflow's database uses it for an advisory lock.
_LOCK = 7_205_759_403
_LOCK_TIMEOUT = "60s"


class Registry:
    """MLflow's registry, written in our terms. A tenant is an experiment, a version a run."""

    def __init__(self, data: Path, connection: psycopg.Connection[tuple[Any, ...]], *, storage: str = "") -> None:
        """`storage` is where the files are recorded, such as `s3://bucket/folder`, unless that is in `data`."""
        self._tenants = data / "tenants"
        self._recorded = data / "mlflow"
        self._storage = storage.rstrip("/")
        self._encoders = shelf.library_in(data / "shared" / shelf.FOLDER)
        self._connection = connection
        self._client = MlflowClient()

    def register(self, *, tenant: str, model: str, number: int, version_id: str) -> None:
        """Record a version after those before it; under its own number, unless somebody else has registered versions.

        Raises RecordDamaged or FilesRefused or ArtefactDamaged for what cannot be recorded.
        """
        name = f"{tenant}.{model}"
        if self._is_registered(name, version_id):
            return
        # MLflow counts by itself: a number that never got recorded is caught up on, or else kept taken.
        for missing in range(self._last_number(name) + 1, number):
            try:
                self._record(tenant, model, missing)
            except _REFUSALS as error:
                log.warning("%s version %d is lost: %s", name, missing, error)
                self._hold_place(name, error)
        self._record(tenant, model, number, version_id)

    def register_encoder(self, *, name: str, sha256: str) -> None:
        """Record a sentence encoder with its files. Raises EncoderMissing, and ArtefactDamaged when a byte differs."""
        registered = f"{tags.ENCODER}{name}"
        if self._is_registered(registered, sha256, key=tags.SHA256):
            return
        self._encoders.get(sha256)
        folder = self._encoders.directory / sha256
        manifest = json.loads((folder / sentences.MANIFEST).read_bytes())
        experiment = self._experiment(_ENCODERS)
        if self._delete_runs(experiment, tags.SHA256, sha256):
            self._collect()
        run = self._client.create_run(experiment.experiment_id, run_name=name, tags={tags.SHA256: sha256})
        self._client.log_artifacts(run.info.run_id, str(folder), _FILES)
        self._client.set_terminated(run.info.run_id)
        self._make_registered_model(registered)
        noted = {tags.SHA256: sha256, tags.LICENCE: manifest["licence"], tags.WEIGHTS: manifest["weights"]}
        source = f"{run.info.artifact_uri}/{_FILES}"
        self._client.create_model_version(registered, source=source, run_id=run.info.run_id, tags=noted)

    def unregister(self, *, tenant: str, model: str) -> None:
        """Delete a model with its versions, runs and files."""
        self._delete_registered_model(f"{tenant}.{model}")
        if experiment := self._client.get_experiment_by_name(tenant):
            self._delete_runs(experiment, tags.MODEL, model)
        self._collect()

    def promote(self, *, tenant: str, model: str, number: int) -> None:
        """Point the alias to a version, by MLflow's number."""
        name = f"{tenant}.{model}"
        written = self._client.get_registered_model(name).tags.get(tags.CHAMPION, "")
        # Noted before it is moved and after it: at no moment does our own move look like somebody else's.
        self._client.set_registered_model_tag(name, tags.CHAMPION, f"{written} {number}".strip())
        self._client.set_registered_model_alias(name, "champion", str(number))
        self._client.set_registered_model_tag(name, tags.CHAMPION, str(number))

    def settle(
        self, *, tenant: str, model: str, number: int, version_id: str, version: int, refused: str, champion: int
    ) -> None:
        """Write what came of a request for version `number` of MLflow: `version` of ours answers, or it is `refused`.

        `champion` is our number of the version that answers now, or 0.
        """
        name = f"{tenant}.{model}"
        try:
            self._client.get_model_version(name, str(number))
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            if version:  # Whoever registered it has deleted it, and it answers here all the same.
                self._record(tenant, model, version, version_id)
            return
        if refused:
            self._client.set_model_version_tag(name, str(number), tags.REFUSED, refused)
            self._put_back(tenant, model, number, champion)
        else:
            self._note_as_ours(name, number, version_id, version)

    def _put_back(self, tenant: str, model: str, number: int, champion: int) -> None:
        name = f"{tenant}.{model}"
        if self._champion(name) != number:
            return
        before = self._number_of(name, champion)
        if before is None:
            self._client.delete_registered_model_alias(name, "champion")
        else:
            self.promote(tenant=tenant, model=model, number=before)

    def _note_as_ours(self, name: str, number: int, version_id: str, version: int) -> None:
        at = self._client.get_model_version(name, str(number))
        if at.tags.get(tags.VERSION_ID) != version_id:
            self._client.set_model_version_tag(name, str(number), tags.VERSION, str(version))
            self._client.set_model_version_tag(name, str(number), tags.VERSION_ID, version_id)
        if tags.REFUSED in at.tags:
            self._client.delete_model_version_tag(name, str(number), tags.REFUSED)
        # Wherever the alias is now: moved on meanwhile, or back, it is asked for anew.
        self._client.set_registered_model_tag(name, tags.CHAMPION, str(number))

    def forget(self, *, tenant: str) -> None:
        """Delete everything of an organisation."""
        while found := self._client.search_registered_models(filter_string=f"name LIKE '{tenant}.%'"):
            for registered in found:
                self._delete_registered_model(registered.name)
        if experiment := self._client.get_experiment_by_name(tenant):
            self._delete_runs(experiment)
            if experiment.lifecycle_stage == "active":
                self._client.delete_experiment(experiment.experiment_id)
        self._collect()
        if (folder := self._recorded / tenant).exists():
            shutil.rmtree(folder)

    def _record(self, tenant: str, model: str, number: int, version_id: str | None = None) -> None:
        with tenant_files.opened(self._tenants, tenant, "models", model, str(number)) as folder:
            content = tenant_files.read(folder, "record.json", limit=_RECORD_BYTES)
        version = record.parse(content, model=model, number=number, version_id=version_id)
        if self._is_registered(f"{tenant}.{model}", version.id):
            return
        experiment = self._experiment(tenant)
        if self._delete_runs(experiment, tags.VERSION_ID, version.id):
            self._collect()
        run = self._client.create_run(experiment.experiment_id, run_name=f"{model}@{number}", tags=_run_tags(version))
        self._log(run, version)
        with (
            tenant_files.opened(self._tenants, tenant, "models", model, str(number), "served") as served,
            mlflow.start_run(run_id=run.info.run_id),
        ):
            uri = flavour.log_model(version, served, self._encoders)
        noted = {tags.VERSION_ID: version.id, tags.VERSION: str(number), tags.SHA256: version.sha256}
        mlflow.register_model(uri, f"{tenant}.{model}", tags=noted)

    def _log(self, run: Run, version: Record) -> None:
        run_id, at = run.info.run_id, run.info.start_time
        parameters = [Param(key, str(value)[:_PARAMETER_LENGTH]) for key, value in version.parameters.items()]
        metrics = [Metric(key, value, at, 0) for key, value in version.metrics.items() if value is not None]
        for start in range(0, max(len(parameters), len(metrics)), _BATCH):
            part = slice(start, start + _BATCH)
            self._client.log_batch(run_id, metrics=metrics[part], params=parameters[part])
        self._client.log_dict(run_id, version.confusion_matrix(), "confusion_matrix.json")

    def _experiment(self, tenant: str) -> Experiment:
        """Return the organisation's experiment, and its folder made anew if it is gone."""
        # Beside the workers' folders and not in one: who loads a model from here runs the code that lies with it.
        folder = self._recorded / tenant
        if not self._storage:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        experiment = self._client.get_experiment_by_name(tenant)
        if experiment is not None:
            return experiment
        place = f"{self._storage}/{tenant}" if self._storage else folder.as_uri()
        return self._client.get_experiment(self._client.create_experiment(tenant, place))

    def _last_number(self, name: str) -> int:
        """Return the highest number that MLflow has given out, deleted versions included, which it does not show."""
        row = self._connection.execute("SELECT max(version) FROM model_versions WHERE name = %s", (name,)).fetchone()
        return row[0] or 0 if row else 0

    def _is_registered(self, name: str, value: str, *, key: str = tags.VERSION_ID) -> bool:
        statement = "SELECT 1 FROM model_version_tags WHERE name = %s AND key = %s AND value = %s"
        return self._connection.execute(statement, (name, key, value)).fetchone() is not None

    def _number_of(self, name: str, version: int) -> int | None:
        """Return MLflow's number of our version."""
        values = (tags.VERSION, tags.VERSION_ID, name, str(version))
        row = self._connection.execute(NUMBER_OF, values).fetchone()
        return row[0] if row else None

    def _champion(self, name: str) -> int | None:
        """Return MLflow's number of the version to which the alias points."""
        at = self._client.get_registered_model(name).aliases.get("champion")
        return None if at is None else int(at)

    def _hold_place(self, name: str, why: Exception) -> None:
        """Make a version without a model, so that the ones after it get their own numbers."""
        self._make_registered_model(name)
        self._client.create_model_version(name, source="file:///dev/null", tags={tags.LOST: str(why)})

    def _make_registered_model(self, name: str) -> None:
        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _delete_registered_model(self, name: str) -> None:
        try:
            self._client.delete_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise

    def _delete_runs(self, experiment: Experiment, tag: str = "", value: str = "") -> bool:
        """Mark the experiment's runs, or those with the tag, and their models as deleted; say if there were any."""
        found = False
        where = f"tags.`{tag}` = '{value}'" if tag else ""
        while runs := self._client.search_runs([experiment.experiment_id], where):
            found = True
            for run in runs:
                of_run = f"source_run_id = '{run.info.run_id}'"
                for model in self._client.search_logged_models([experiment.experiment_id], of_run):
                    self._client.delete_logged_model(model.model_id)
                self._client.delete_run(run.info.run_id)
        return found

    def _collect(self) -> None:
        """Delete for good, with files, whatever is marked as deleted; MLflow offers that on its command line only."""
        gc.main([], standalone_mode=False)


def _run_tags(version: Record) -> dict[str, str]:
    libraries = {f"assort.library.{name}": number for name, number in version.library_versions.items()}
    return libraries | {
        tags.VERSION_ID: version.id,
        tags.MODEL: version.model,
        tags.VERSION: str(version.version),
        "assort.kind": version.kind,
        tags.SHA256: version.sha256,
        "assort.dataset": version.dataset or "",
        "assort.dataset_sha256": version.dataset_sha256,
        "assort.created_at": version.created_at,
        "assort.created_by": version.created_by,
    }


@contextmanager
def _alone(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Wait until no other recorder works on the database: that of a killed registrar finishes what it has begun."""
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        yield connection


def _carry_out(request: dict[str, Any], *, url: str, data: Path, storage: str, prepare: bool) -> None:
    with _alone(url) as connection:
        if prepare:
            mlflow_db.main(["upgrade", url], standalone_mode=False)
        registry = Registry(data, connection, storage=storage)
        verbs: dict[str, Callable[..., None]] = {
            "register": registry.register,
            "register_encoder": registry.register_encoder,
            "unregister": registry.unregister,
            "promote": registry.promote,
            "settle": registry.settle,
            "forget": registry.forget,
        }
        if "tenant" in request:
            checked(request["tenant"])  # It becomes a path.
        verbs[request.pop("do")](**request)


def _failure(error: Exception) -> dict[str, str]:
    return {"error": f"{type(error).__name__}: {error}"[:1000]}


def main() -> None:
    logs.configure(logs.configuration())
    url, data = environment.required("MLFLOW_DATABASE_URL"), Path(environment.required("ASSORT_DATA"))
    storage = os.environ.get("ASSORT_MLFLOW_ARTIFACTS", "")
    # MLflow would like an example to run the model on, and here no model runs.
    warnings.filterwarnings("ignore", message=".*input example")
    # MLflow finds out by failing that a model is registered already, and the driver remarks on it.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    # A line for each of MLflow's migrations would say nothing.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    is_prepared = False
    with socket.socket(fileno=os.dup(0)) as registrar:
        while packet := registrar.recv(child.PACKET_BYTES):
            try:
                _carry_out(json.loads(packet), url=url, data=data, storage=storage, prepare=not is_prepared)
                is_prepared = True
                answer = {}
            except (*_REFUSALS, EncoderMissing) as error:
                answer = _failure(error)
            except Exception as error:  # Whatever went wrong, the registrar is told, and counts it.
                log.exception("the request %s failed", packet.decode())
                answer = {"error": logs.words(error)}
            registrar.send(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
