"""Versions of an outside pipeline, as the registrar lays them into an organisation's folder."""

import json
from pathlib import Path
from typing import Any, cast

from django.db import connection

from classifier import adopter, registry
from classifier.ml import artefact
from classifier.ml.predictor import Predictor
from classifier.queues import BATCH
from tenants import ids, isolation, jobs
from tenants.models import Job, Organisation
from tenants.postgresql.base import DatabaseWrapper


def request(organisation: Organisation, *, number: int = 2, model: str = "support", **said: Any) -> str:
    """Ask for a version of MLflow, of which only this is known, and return the job's id."""
    job_id = ids.new("job")
    folder = folder_of(organisation, job_id)
    folder.mkdir(parents=True)
    unsaid = {"version_id": None, "sha256": None, "problem": None}
    (folder / "request.json").write_text(json.dumps({"model": model, "number": number, **unsaid, **said}))
    jobs.submit(job_id, kind=adopter.KIND, queue=BATCH, subject=f"{model}@{number}")
    return job_id


def delivered(organisation: Organisation, predictor: Predictor, **said: Any) -> str:
    """Ask for a version with these files, and return the job's id."""
    job_id = request(organisation, **said)
    artefact.save(predictor, folder_of(organisation, job_id) / "served")
    return job_id


def folder_of(organisation: Organisation, job_id: str) -> Path:
    return adopter.inbox(organisation.tenant) / job_id


def champion(organisation: Organisation) -> Predictor:
    return registry.load(tenant=organisation.tenant, model_name="support", number=1)


def settled(organisation: Organisation) -> tuple[str, dict[str, Any]]:
    """Return what the registrar is told of the newest request: about which version, and what. Called inside."""
    database = cast("DatabaseWrapper", connection)
    database.leave()
    job = Job.objects.filter(tenant=organisation.tenant, kind="settle").latest("created_at", "id")
    database.enter(isolation.schema(organisation.tenant))
    return job.subject, json.loads(job.note)
