"""Answers: computed by the organisation's worker, at once for the gateway or later for an accepted request."""

import logging
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from classifier import registry, results, sharing
from classifier.ml.errors import ArtefactDamaged, InputsRejected
from classifier.ml.predictor import Predictor
from classifier.models import Classification, ModelVersion
from classifier.queues import INFER
from classifier.results import Keeping
from tenants import jobs, quotas, usage
from tenants.errors import Conflict, FieldError, InvalidInput, NotFound, TenantError, Unavailable
from tenants.models import Organisation, SharedModel

log = logging.getLogger(__name__)

KIND = "classify"
LOADED_MODELS = 8
CHECK_SECONDS = 2.0
DEFAULT_KEEPING = Keeping()


def get(classification_id: str) -> Classification:
    found = results.visible().filter(id=classification_id).first()
    if found is None:
        raise NotFound
    return found


def answering(model: str) -> ModelVersion | SharedModel:
    """Return the version that answers for a model, the organisation's own or a shared one.

    Raises NotFound, and ModelNotReady for one that was never trained.
    """
    return sharing.get(model) if sharing.is_shared(model) else registry.champion(registry.get(model))


@transaction.atomic
def accept(
    *,
    model: str,
    version: int,
    inputs: Sequence[Any],
    top_k: int,
    explain: bool,
    api_key: str,
    keeping: Keeping = DEFAULT_KEEPING,
) -> Classification:
    """Keep a request that is answered later. Its inputs are a row before anybody is told that it was accepted.

    Raises NotFound for a version that there is not.
    """
    _sha256_of(model, version)
    accepted = Classification.objects.create(
        model=model,
        version=version,
        inputs=list(inputs),
        keep_inputs=keeping.inputs,
        top_k=top_k,
        explain=explain,
        api_key=api_key,
        expires_at=timezone.now() + keeping.for_later(),
    )
    jobs.submit(accepted.id, kind=KIND, queue=INFER, subject=f"{model}@{version}")
    return accepted


def ask(*, organisation: Organisation, model: str, version: int, inputs: Sequence[Any], top_k: int) -> Classification:
    """Take in what a person asks on a page: answered with the reasons, and counted like what a program asks.

    Raises QuotaExceeded when the organisation has no rows left in this month.
    """
    with quotas.rows_taken(organisation, len(inputs)):
        asked = accept(
            model=model,
            version=version,
            inputs=inputs,
            top_k=top_k,
            explain=True,
            api_key="",
            keeping=results.keeping(organisation),
        )
    usage.note(organisation=organisation, api_key="", model=model, rows=len(inputs))
    return asked


def ask_again(*, organisation: Organisation, classification: Classification) -> Classification:
    """Ask the same of the same version, with the reasons. Raises NotFound, and Conflict where the inputs are gone."""
    if not classification.inputs:
        raise Conflict("What was asked is not kept, so it cannot be asked again. Your settings say what is kept.")
    return ask(
        organisation=organisation,
        model=classification.model,
        version=classification.version,
        inputs=classification.inputs,
        top_k=classification.top_k,
    )


def answer_stored(classification_id: str, *, models: "LoadedModels") -> None:
    """Answer an accepted request, once."""
    attempt = jobs.claim(classification_id)
    if attempt is None:
        return
    kept = Classification.objects.filter(id=classification_id).first()
    if kept is None:  # It was deleted while this job was on its way.
        jobs.finish(classification_id, attempt, "canceled")
        return
    request = {
        "id": kept.id,
        "model": kept.model,
        "version": kept.version,
        "inputs": kept.inputs,
        "top_k": kept.top_k,
        "explain": kept.explain,
    }
    if attempt > jobs.ATTEMPTS:
        reply = _refusal(kept.id, Unavailable("The worker stopped several times while answering this.", retry_after=1))
    else:
        reply = answer(request, models=models)
    _settle(kept, attempt, reply)


@transaction.atomic
def _settle(kept: Classification, attempt: int, reply: Mapping[str, Any]) -> None:
    error = reply.get("error")
    kept.status = Classification.Status.FAILED if error else Classification.Status.SUCCEEDED
    kept.error = error
    kept.results = reply.get("results")
    kept.warnings = reply.get("warnings", [])
    if not kept.keep_inputs:  # They are kept no longer than it takes to answer.
        kept.inputs = None
    kept.finished_at = timezone.now()
    # It is the answer that is kept for so long, however long it took.
    kept.expires_at += kept.finished_at - kept.created_at
    kept.save()
    results.make_findable(kept.id)
    jobs.finish(kept.id, attempt, "failed" if error else "succeeded")


def answer(request: Mapping[str, Any], *, models: "LoadedModels") -> dict[str, Any]:
    """Return the reply to one request, in the form that the gateway reads; an error of it is a reply as well."""
    try:
        predictor = models.get(request["model"], request["version"])
        predictor.check(request["inputs"])
        return {
            "id": request["id"],
            "version": request["version"],
            "results": _results(predictor, request),
            "warnings": [
                {"index": index, "code": code, "detail": detail}
                for index, code, detail in predictor.warnings(request["inputs"])
            ],
        }
    except InputsRejected as rejected:
        errors = tuple(FieldError(f"/inputs/{p.index}", p.code, p.detail) for p in rejected.problems)
        return _refusal(request["id"], InvalidInput("Some inputs are wrong; see `errors`.", errors=errors))
    except ArtefactDamaged as damaged:
        return _refusal(request["id"], Unavailable(f"This version cannot be used: {damaged}", retry_after=60))
    except TenantError as error:
        return _refusal(request["id"], error)
    except DatabaseError:
        connection.close()
        return _refusal(request["id"], Unavailable("The database does not answer. Try again.", retry_after=2))
    except Exception:  # Whoever waits for this answer is told at once, and the others of the batch get theirs.
        log.exception("%s cannot be answered", request["id"])
        return _refusal(request["id"], Unavailable("This is our fault, and it was logged. Try again.", retry_after=5))


def _results(predictor: Predictor, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    inputs, top_k = request["inputs"], min(request["top_k"], len(predictor.labels))
    probabilities = predictor.probabilities(inputs)
    order = (-probabilities).argsort(axis=1, kind="stable")[:, :top_k]
    results: list[dict[str, Any]] = []
    for index, best in enumerate(order):
        scores = [
            {"label": predictor.labels[label], "score": round(float(probabilities[index, label]), 6)} for label in best
        ]
        top = scores[0]
        results.append({"index": index, "label": top["label"], "confidence": top["score"], "scores": scores})
    if request["explain"]:
        for result, reasons in zip(results, predictor.explain(inputs, order[:, 0].tolist()), strict=True):
            result["explanation"] = reasons
    return results


def _sha256_of(model: str, version: int) -> str:
    """Return the hash of the version that has this name now. Raises NotFound."""
    return sharing.sha256_of(model, version) if sharing.is_shared(model) else registry.sha256_of(model, version)


def _refusal(request_id: str, error: TenantError) -> dict[str, Any]:
    fields = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in error.errors]
    return {"id": request_id, "error": {"code": error.code, "detail": error.detail, "errors": fields}}


class LoadedModels:
    """The versions that this worker has in memory; the one that was used longest ago goes first."""

    def __init__(self, tenant: str, *, room: int = LOADED_MODELS) -> None:
        self.tenant, self.room = tenant, room
        self._loaded: OrderedDict[tuple[str, int], _Loaded] = OrderedDict()

    def get(self, model: str, version: int) -> Predictor:
        """Raises NotFound for a version that is not there, ArtefactDamaged for one whose bytes differ."""
        key = (model, version)
        loaded = self._loaded.get(key)
        if loaded is None or not self._is_current(key, loaded):
            self._loaded.pop(key, None)
            loaded = self._loaded[key] = self._load(model, version)
            if len(self._loaded) > self.room:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(key)
        return loaded.predictor

    def _load(self, model: str, version: int) -> "_Loaded":
        if sharing.is_shared(model):
            predictor = sharing.load(model, version)
        else:
            predictor = registry.load(tenant=self.tenant, model_name=model, number=version)
        return _Loaded(predictor, _sha256_of(model, version), time.monotonic())

    def _is_current(self, key: tuple[str, int], loaded: "_Loaded") -> bool:
        """A model may be deleted and another be trained under its name, so what is loaded is asked for again."""
        if time.monotonic() - loaded.checked_at > CHECK_SECONDS:
            if _sha256_of(*key) != loaded.sha256:
                return False
            loaded.checked_at = time.monotonic()
        return True


@dataclass
class _Loaded:
    predictor: Predictor
    sha256: str
    checked_at: float
