"""What a worker does when somebody moved the alias `champion` in MLflow: it promotes that version, or says why not.

The registrar has laid the request into the organisation's folder, with the files of a version that is not our own.
"""

import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
from django.db import DatabaseError, transaction
from msgspec import Meta

from classifier import adoption, kinds, leases, registry, silencing
from classifier.adoption import Judged, Outside, Refused
from classifier.leases import LOST, OUR_FAULT
from classifier.models import Model, ModelVersion, Refusal
from tenants import audit, ids, isolation, jobs, letters

log = logging.getLogger(__name__)

KIND = kinds.ADOPTION
BY = "MLflow"
# What a request that was never answered leaves behind goes after so long.
KEPT_SECONDS = 86_400


class Request(msgspec.Struct, frozen=True):
    """Which version of MLflow was made champion, whose it is by its tags, and why its files could not be had."""

    model: str
    number: Annotated[int, Meta(ge=1)]
    version_id: str | None
    sha256: str | None
    problem: str | None


def adopt(job_id: str, *, tenant: str) -> None:
    """Let the version of a request answer, or refuse it with a reason; the registrar writes either into MLflow."""
    attempt = jobs.claim(job_id)
    if attempt is None:
        return
    folder = inbox(tenant) / job_id
    request = _read(folder / "request.json")
    if request is None:  # Nobody knows what was asked for; the registrar asks again, since the alias still differs.
        jobs.finish(job_id, attempt, "failed")
        return
    with leases.kept(job_id, attempt, tenant=tenant):
        try:
            if attempt > jobs.ATTEMPTS:
                raise Refused(LOST)
            _adopt(job_id, attempt, request, folder, tenant)
        except Refused as refused:
            _refuse(job_id, attempt, request, str(refused))
        except (DatabaseError, jobs.LeaseLost):
            raise  # Another attempt has begun, or will when the lease has run out.
        except Exception:  # A fault of ours would come again with each attempt: say so now.
            log.exception("%s failed", job_id)
            _refuse(job_id, attempt, request, OUR_FAULT.format(job_id))
    shutil.rmtree(folder, ignore_errors=True)


def sweep(tenant: str) -> None:
    """Remove what requests have left behind whose job was never done."""
    before = time.time() - KEPT_SECONDS
    for folder in inbox(tenant).glob("job_*"):
        if folder.stat().st_mtime < before:
            shutil.rmtree(folder, ignore_errors=True)


def inbox(tenant: str) -> Path:
    return isolation.directory(tenant) / "inbox"


def _read(path: Path) -> Request | None:
    """Return what is asked for, or None where that cannot be read."""
    try:
        if path.is_symlink() or not path.is_file():
            raise FileNotFoundError(path)
        return msgspec.json.decode(path.read_bytes(), type=Request)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        log.exception("the request in %s cannot be read", path.parent.name)
        return None


def _adopt(job_id: str, attempt: int, request: Request, folder: Path, tenant: str) -> None:
    if request.problem:
        raise Refused(request.problem)
    outside = None if request.version_id else adoption.load(folder / "served", sha256=request.sha256)
    with transaction.atomic():
        jobs.finish(job_id, attempt, "succeeded")
        model = _locked(request.model)
        if outside is None:
            _answer(model, _own(model, request), request, "The alias `champion` was moved to it in MLflow.")
            return
        # Held against the champion of this moment, under the model's lock.
        judged = adoption.judge(model, outside.predictor, tenant=tenant)
        with _drafted(folder, tenant, request.model) as draft:
            version = _added(
                tenant=tenant, model=model, number=request.number, draft=draft, outside=outside, judged=judged
            )
        _answer(model, version, request, judged.verdict)


def _own(model: Model, request: Request) -> ModelVersion:
    version = model.versions.filter(id=request.version_id).first()
    if version is None:
        raise Refused(
            "Its tag `assort.version_id` names no version of this model. Remove it, and move the alias again."
        )
    return version


def _answer(model: Model, version: ModelVersion, request: Request, reason: str) -> None:
    if version != model.champion:
        registry.promote(model=model, version=version, by=BY, reason=letters.one_line(reason))
    model.refusals.filter(number=request.number).delete()
    _settle(request, version_id=version.id, version=version.number)


def _locked(name: str) -> Model:
    """Return the model as nobody else changes it until the transaction ends. Raises Refused."""
    rows = Model.objects.select_for_update(of=("self",)).select_related("champion__model", "champion__dataset")
    model = rows.filter(name=name).first()
    if model is None or model.champion is None:
        raise Refused(f"There is no model {name} that answers. Train its first version here.")
    if model.policy == Model.Policy.PINNED:
        raise Refused("The model is pinned. Set its policy to `auto` or `ask`, and move the alias again.")
    return model


@contextmanager
def _drafted(folder: Path, tenant: str, model_name: str) -> Iterator[Path]:
    """Give the files to a version for the block; what the block did not move away is removed.

    Nobody has a twin of it that has not seen some rows, so it is its own.
    """
    draft = registry.new_folder(tenant, model_name)
    try:
        for part in ("served", "twin"):
            shutil.copytree(folder / "served", draft / part, copy_function=os.link)
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _added(*, tenant: str, model: Model, number: int, draft: Path, outside: Outside, judged: Judged) -> ModelVersion:
    predictor, said = outside.predictor, judged.evaluation.predictions
    candidate = registry.Candidate(
        folder=draft,
        sha256=outside.sha256,
        twin_sha256=outside.sha256,
        kind=predictor.schema.kind,
        schema=adoption.schema_of(registry.champion(model), predictor),
        labels=predictor.labels,
        metrics=judged.evaluation.to_json(),
        parameters={"form": predictor.scorer.form},
        seconds=0.0,
        evaluated=[(each.row, each.label, each.predicted, each.confidence) for each in said],
        scope_rows=predictor.scope.rows if predictor.scope else None,
    )
    version = registry.add_outside_version(
        tenant=tenant,
        model=model,
        candidate=candidate,
        tested_on=judged.dataset,
        mlflow_version=number,
        by=BY,
    )
    silencing.inherit(version=version, before=model.champion)
    version.verdict = letters.one_line(judged.verdict)
    version.save(update_fields=["verdict"])
    return version


@transaction.atomic
def _refuse(job_id: str, attempt: int, request: Request, reason: str) -> None:
    jobs.finish(job_id, attempt, "failed")
    reason = letters.one_line(reason)
    model = Model.objects.filter(name=request.model).first()
    if model is not None:
        Refusal.objects.update_or_create(model=model, number=request.number, defaults={"reason": reason})
    audit.record(by=BY, action="model.request_refused", target=f"{request.model}@{request.number}", reason=reason)
    _settle(request, refused=reason)


def _settle(request: Request, **said: str | int) -> None:
    note = msgspec.json.encode(said).decode()
    jobs.settle(ids.new("job"), subject=f"{request.model}@{request.number}", note=note)
