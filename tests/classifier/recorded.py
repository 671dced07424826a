"""What the registrar's tests stand on: the service's registrar, and an organisation's folder with versions."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from classifier.ml import artefact, schema, solvers, split, train
from classifier.ml.predictor import Predictor
from classifier.ml.rows import Table
from classifier.ml.sentence_linear import SentenceLinear
from classifier.ml.sentences import SentenceEncoder
from saas import process
from tenants import ids
from tests.service import Service

Cells = tuple[str | None, ...]

INPUTS: dict[str, list[Any]] = {
    "text": ["please pay the bill", "I forgot my password"],
    "table": [{"age": 30, "group": "a"}, {"age": "70"}, {"age": None, "group": "b"}],
}

# Another service: it knows the address of MLflow's database and the model's name, and nothing of Assort.
_CONSUMER = """
import json, sys, mlflow
name, inputs = json.load(sys.stdin)
answers = mlflow.pyfunc.load_model(f"models:/{name}").predict(inputs)
assert not [module for module in sys.modules if module.startswith("classifier")]
json.dump(answers.to_dict("records"), sys.stdout)
"""


@dataclass
class Registrar:
    """The service's registrar, and what the rest of the service would do around it."""

    service: Service

    @property
    def environment(self) -> dict[str, str]:
        return self.service.instance.environment("registrar")

    @property
    def tenants(self) -> Path:
        return self.service.instance.data / "tenants"

    @property
    def recorded(self) -> Path:
        return self.service.instance.data / "mlflow"

    def kill(self) -> None:
        """Kill process and child as the kernel would, without a word. The supervisor starts it again."""
        process.end(process.session_of(self.service.pid_of("registrar")), how=signal.SIGKILL)

    def log(self) -> str:
        return self.service.log("registrar")

    def public(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return query(self.service.instance.owner_database_url(), statement, *values)

    def mlflow(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return query(self.environment["MLFLOW_DATABASE_URL"], statement, *values)

    def submit(
        self, tenant: str, kind: str, subject: str, job_id: str = "", *, attempt: int = 0, note: str = ""
    ) -> str:
        job_id = job_id or ids.new("job")
        self.public(
            "INSERT INTO job (id, tenant, kind, queue, subject, note, state, attempt, outcome, created_at)"
            " VALUES (%s, %s, %s, 'record', %s, %s, 'queued', %s, '', clock_timestamp())",
            *(job_id, tenant, kind, subject, note, attempt),
        )
        self.public("NOTIFY job")
        return job_id

    def outcome(self, job_id: str) -> str:
        """Wait until the job is done and return its outcome."""
        done = "SELECT outcome FROM job WHERE id = %s AND state = 'done' AND finished_at IS NOT NULL"
        assert process.wait_for(lambda: bool(self.public(done, job_id)), 60), self.log()
        return str(self.public(done, job_id)[0][0])

    def route(self, tenant: str, model: str, version: int) -> None:
        self.public(
            "INSERT INTO route (tenant, model, version, kind, labels, sha256, updated_at)"
            " VALUES (%s, %s, %s, 'text', 2, '', now())"
            " ON CONFLICT (tenant, model) DO UPDATE SET version = excluded.version",
            *(tenant, model, version),
        )
        self.public("NOTIFY route")

    def versions(self, tenant: str, model: str) -> dict[int, str | None]:
        """Return MLflow's versions of the model with the ids of ours."""
        rows = self.mlflow(
            "SELECT v.version, t.value FROM model_versions v LEFT JOIN model_version_tags t"
            " ON t.name = v.name AND t.version = v.version AND t.key = 'assort.version_id' WHERE v.name = %s",
            f"{tenant}.{model}",
        )
        return dict(rows)

    def has_champion(self, tenant: str, model: str, version: int, *, seconds: float = 5) -> bool:
        """Whether the alias points to the version, and is noted as ours, in so many seconds."""
        champion = (
            "SELECT 1 FROM registered_model_aliases a"
            " JOIN registered_model_tags t ON t.name = a.name AND t.key = 'assort.champion'"
            " WHERE a.name = %s AND a.alias = 'champion' AND a.version = %s AND t.value = %s"
        )
        values = (f"{tenant}.{model}", version, str(version))
        return process.wait_for(lambda: bool(self.mlflow(champion, *values)), seconds)

    def move(self, tenant: str, model: str, number: int) -> None:
        """Point the alias to a version, as somebody else would."""
        name = f"{tenant}.{model}"
        moved = "UPDATE registered_model_aliases SET version = %s WHERE name = %s AND alias = 'champion' RETURNING 1"
        if not self.mlflow(moved, number, name):
            self.mlflow(
                "INSERT INTO registered_model_aliases (name, alias, version, workspace)"
                " VALUES (%s, 'champion', %s, 'default')",
                name,
                number,
            )

    def tag(self, tenant: str, model: str, number: int, key: str) -> str | None:
        """Return a tag of MLflow's version."""
        tagged = "SELECT value FROM model_version_tags WHERE name = %s AND version = %s AND key = %s"
        rows = self.mlflow(tagged, f"{tenant}.{model}", number, key)
        return rows[0][0] if rows else None

    def consume(self, name: str, inputs: list[Any], *, cwd: Path) -> list[dict[str, Any]]:
        environment = self.environment | {"MLFLOW_TRACKING_URI": self.environment["MLFLOW_DATABASE_URL"]}
        ended = subprocess.run(
            [sys.executable, "-c", _CONSUMER],
            input=json.dumps([name, inputs]),
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return list(json.loads(ended.stdout))


@cache
def trained(kind: str) -> train.Trained:
    """A small model, the same every time."""
    table = _TABLES[kind]
    found = schema.infer(table, label="label")
    rows = [dict(zip(table.names, row, strict=True)) for row in table.rows]
    labels = [str(row.pop("label")) for row in rows]
    return train.train(rows, labels, split.held_out(rows, labels), found)


def with_encoder(encoder: SentenceEncoder) -> Predictor:
    """The small model of texts, with an encoder in the place of its n-grams."""
    served = trained("text").served
    targets, weights = np.arange(len(served.labels)), np.ones(len(served.labels))
    linear = solvers.logistic_of_vectors(encoder.embed(served.labels), targets, c=10.0, weights=weights)
    return replace(served, scorer=SentenceLinear(encoder, linear))


def store(
    registrar: Registrar, tenant: str, model: str, number: int, kind: str = "text", *, served: Predictor | None = None
) -> str:
    """Lay a version into the organisation's folder as its worker would, and return its id."""
    folder = registrar.tenants / tenant / "models" / model / str(number)
    result, version_id = trained(kind), ids.new("mv")
    served = served or result.served
    record = {
        "id": version_id,
        "model": model,
        "version": number,
        "kind": kind,
        "sha256": artefact.save(served, folder / "served"),
        "dataset": ids.new("ds"),
        "dataset_sha256": "5" * 64,
        "created_at": "2026-01-01T00:00:00Z",
        "created_by": "ann@acme.example",
        "parameters": {"quality": "auto", "seed": 0},
        "metrics": {"accuracy": result.evaluation.accuracy, "macro_f1": result.evaluation.macro_f1},
        "labels": served.labels,
        "confusion": result.evaluation.to_json()["confusion"],
        "library_versions": {"scikit-learn": "1.9.1"},
        "input_schema": served.schema.to_json(),
    }
    (folder / "record.json").write_text(json.dumps(record))
    return version_id


def query(url: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []


def _text() -> Table:
    asked = {"billing": "please pay the bill {}", "account": "I forgot my password {}"}
    rows: list[Cells] = [(asked[label].format(number), label) for number in range(20) for label in sorted(asked)]
    return Table(("text", "label"), rows)


def _table() -> Table:
    rows: list[Cells] = [(str(age), "ab"[age % 2], "old" if age > 50 else "young") for age in range(20, 80)]
    return Table(("age", "group", "label"), rows)


_TABLES = {"text": _text(), "table": _table()}
