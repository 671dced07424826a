"""Answers: computed by the organisation's worker at once, or accepted here and given later by `stored`."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import DatabaseError, connection

from classifier import later, registry, results, sharing, versions
from classifier.later import Later
from classifier.loaded import LoadedModels
from classifier.ml.errors import ArtefactDamaged, EncoderMissing, InputsRejected
from classifier.ml.predictor import Predictor
from classifier.ml.silence import DECIMALS, Reason
from classifier.models import Classification, ModelVersion
from tenants import quotas, usage
from tenants.errors import Conflict, FieldError, InvalidInput, NotFound, TenantError, Unavailable
from tenants.models import Organisation, SharedModel

log = logging.getLogger(__name__)

NO_ENCODER = "Ask the operator to install it, or train the model again with the quality `fast`."

# An input's most probable labels, as places in the model's list of them, their probabilities, and why none is given.
Best = tuple[list[int], list[float], Reason | None]


def get(classification_id: str) -> Classification:
    found = results.visible().filter(id=classification_id).first()
    if found is None:
        raise NotFound
    return found


def answering(model: str) -> ModelVersion | SharedModel:
    """Return the version that answers for a model, the organisation's own or a shared one.

    Raises NotFound, and ModelNotReady for one that was never trained.
    """
    return sharing.get(model) if versions.is_shared(model) else registry.champion(registry.get(model))


def ask(*, organisation: Organisation, model: str, version: int, inputs: Sequence[Any], top_k: int) -> Classification:
    """Take in what a person asks on a page: answered with the reasons, and counted like what a program asks.

    Raises QuotaExceeded when the organisation has no rows left in this month.
    """
    with quotas.rows_taken(organisation, len(inputs)):
        keeping = results.keeping(organisation)
        asked = later.accept(
            Later(
                model=model,
                version=version,
                inputs=inputs,
                top_k=top_k,
                explain=True,
                api_key="",
                keeping=keeping,
            )
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


def answer_together(
    requests: Sequence[Mapping[str, Any]], *, model: str, version: int, models: LoadedModels, reading: str = ""
) -> list[dict[str, Any]]:
    """Return a reply to each request of one version, in the form that the gateway reads.

    `reading` names what the gateway knows of the model.

    They are computed at once; an error is a reply as well, and only its own request's.
    """
    try:
        predictor = models.get(model, version, reading=reading)
        good, refused = _sorted_out(predictor, requests)
        replies = refused | _computed(predictor, version, good)
    except Exception as error:  # noqa: BLE001  # Whoever waits for an answer is told at once; `_told` logs it.
        if len(requests) > 1 and not isinstance(error, TenantError | ArtefactDamaged | EncoderMissing | DatabaseError):
            # Alone, each of them meets no error but its own.
            return [answer_together([one], model=model, version=version, models=models)[0] for one in requests]
        return [refusal(request["id"], _told(error)) for request in requests]
    return [replies[request["id"]] for request in requests]


def _told(error: Exception) -> TenantError:
    """Return what the caller is told of an error."""
    match error:
        case TenantError():
            return error
        case ArtefactDamaged():
            return Unavailable(f"This version cannot be used: {error}", retry_after=60)
        case EncoderMissing():
            return Unavailable(f"{error} {NO_ENCODER}", retry_after=60)
        case DatabaseError():
            connection.close()
            return Unavailable("The database does not answer. Try again.", retry_after=2)
        case _:
            log.error("a request cannot be answered", exc_info=error)
            return Unavailable("This is our fault, and it was logged. Try again.", retry_after=5)


def _sorted_out(
    predictor: Predictor, requests: Sequence[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], dict[str, dict[str, Any]]]:
    """Return the requests that can be computed, and replies to the others."""
    good: list[Mapping[str, Any]] = []
    refused: dict[str, dict[str, Any]] = {}
    for request in requests:
        try:
            predictor.check(request["inputs"])
            good.append(request)
        except InputsRejected as rejected:
            errors = tuple(FieldError(f"/inputs/{p.index}", p.code, p.detail) for p in rejected.problems)
            refused[request["id"]] = refusal(
                request["id"], InvalidInput("Some inputs are wrong; see `errors`.", errors=errors)
            )
    return good, refused


def _computed(predictor: Predictor, version: int, requests: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the replies to requests whose inputs are right, by id."""
    if not requests:
        return {}
    inputs = [value for request in requests for value in request["inputs"]]
    found = predictor.best(inputs, max(request["top_k"] for request in requests))
    best = list(zip(found.places.tolist(), found.probabilities.round(DECIMALS).tolist(), found.silent, strict=True))
    replies: dict[str, dict[str, Any]] = {}
    start = 0
    for request in requests:
        end = start + len(request["inputs"])
        replies[request["id"]] = {
            "id": request["id"],
            "version": version,
            "results": _results(predictor, request, best[start:end]),
            "warnings": [
                {"index": index, "code": code, "detail": detail}
                for index, code, detail in predictor.warnings(request["inputs"])
            ],
        }
        start = end
    return replies


def _results(predictor: Predictor, request: Mapping[str, Any], best: Sequence[Best]) -> list[dict[str, Any]]:
    top_k, labels = request["top_k"], predictor.labels
    results: list[dict[str, Any]] = []
    for index, (places, probabilities, silent) in enumerate(best):
        scores = [
            {"label": labels[place], "score": probability}
            for place, probability in zip(places[:top_k], probabilities[:top_k], strict=True)
        ]
        result = {"index": index, "label": labels[places[0]], "confidence": probabilities[0], "scores": scores}
        results.append(result | _silence(predictor, silent))
    if request["explain"]:
        chosen = [places[0] for places, _, _ in best]
        for result, reasons in zip(results, predictor.explain(request["inputs"], chosen), strict=True):
            result["explanation"] = reasons
    return results


def _silence(predictor: Predictor, reason: Reason | None) -> dict[str, Any]:
    """Return what a result says of being silent: nothing where no threshold is set."""
    if reason:
        return {"label": None, "abstained": True, "reason": reason}
    return {"abstained": False} if predictor.silence.is_set else {}


def refusal(request_id: str, error: TenantError) -> dict[str, Any]:
    """Return the reply that says why a request is not answered."""
    fields = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in error.errors]
    return {"id": request_id, "error": {"code": error.code, "detail": error.detail, "errors": fields}}
