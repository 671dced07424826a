from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import OperationalError

from classifier import inference, later
from classifier.loaded import LoadedModels
from classifier.ml.errors import ArtefactDamaged, EncoderMissing
from classifier.ml.predictor import Predictor
from classifier.models import Classification
from tenants import isolation
from tenants.errors import NotFound
from tenants.models import Job, Organisation
from tests.classifier import rows


def request(**named: object) -> dict[str, object]:
    asked = {"id": "cls_1", "model": "support", "version": 1, "inputs": ["my password"], "top_k": 1, "explain": False}
    return asked | named


def answer(asked: Mapping[str, Any], *, models: LoadedModels) -> dict[str, Any]:
    return inference.answer_together([asked], model=asked["model"], version=asked["version"], models=models)[0]


@pytest.fixture
def models(inside_acme: Organisation) -> LoadedModels:
    rows.trained(inside_acme, quality="auto")
    return LoadedModels(inside_acme.tenant)


def test_an_answer_has_a_result_for_each_input(models: LoadedModels) -> None:
    reply = answer(request(inputs=["my password", "the invoice", "a crash"]), models=models)
    assert [result["label"] for result in reply["results"]] == ["account", "billing", "bug"]
    assert [result["index"] for result in reply["results"]] == [0, 1, 2]


def test_top_k_sorts_by_score(models: LoadedModels) -> None:
    [result] = answer(request(top_k=3), models=models)["results"]
    scores = [score["score"] for score in result["scores"]]
    assert scores == sorted(scores, reverse=True)
    assert result["confidence"] == scores[0]
    assert sum(scores) == pytest.approx(1, abs=1e-4)


def test_an_explanation_names_the_word_that_spoke_for_the_label(models: LoadedModels) -> None:
    [result] = answer(request(explain=True), models=models)["results"]
    assert result["explanation"][0]["word"] == "password"


def test_a_wrong_input_is_named_by_its_index(models: LoadedModels) -> None:
    reply = answer(request(inputs=["fine", {"text": "not"}]), models=models)
    assert reply["error"]["code"] == "invalid_input"
    assert [error["pointer"] for error in reply["error"]["errors"]] == ["/inputs/1"]


def test_requests_that_are_answered_together_get_what_each_gets_alone(models: LoadedModels) -> None:
    asked = [
        request(id="cls_1", inputs=["my password", "the invoice"], top_k=2),
        request(id="cls_2", inputs=["a crash"], explain=True),
        request(id="cls_3", inputs=["fine", 5]),
        request(id="cls_4", inputs=["an invoice"], top_k=3),
    ]
    together = inference.answer_together(asked, model="support", version=1, models=models)
    assert together == [answer(one, models=models) for one in asked]
    assert [reply["id"] for reply in together] == ["cls_1", "cls_2", "cls_3", "cls_4"]
    assert ["error" in reply for reply in together] == [False, False, True, False]


def test_one_that_cannot_be_computed_takes_no_other_with_it(
    models: LoadedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = Predictor.probabilities

    def fail_at_a_crash(self: Predictor, inputs: Sequence[Any]) -> Any:
        if "a crash" in inputs:
            raise ZeroDivisionError
        return compute(self, inputs)

    monkeypatch.setattr(Predictor, "probabilities", fail_at_a_crash)
    asked = [request(id=text, inputs=[text]) for text in ("my password", "a crash", "the invoice")]
    replies = inference.answer_together(asked, model="support", version=1, models=models)
    assert [reply.get("error", {}).get("code") for reply in replies] == [None, "unavailable", None]


def test_an_unknown_version_is_not_found(models: LoadedModels) -> None:
    assert answer(request(version=9), models=models)["error"]["code"] == "not_found"


def accept(organisation: Organisation) -> Classification:
    return later.accept(
        later.Later(model="support", version=1, inputs=["my password"], top_k=1, explain=False, api_key="")
    )


def test_a_version_that_there_is_not_is_refused_before_anything_is_accepted(inside_acme: Organisation) -> None:
    with pytest.raises(NotFound):
        accept(inside_acme)
    assert not Classification.objects.exists()


def test_an_error_of_ours_is_an_answer_too(models: LoadedModels, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(inference, "_results", fail)
    assert answer(request(), models=models)["error"]["code"] == "unavailable"


def test_an_accepted_request_is_a_row_and_a_job(acme: Organisation) -> None:
    with isolation.entered(acme):
        rows.trained(acme)
        accepted = accept(acme)
        assert Classification.objects.get(id=accepted.id).inputs == ["my password"]
    assert Job.objects.get(pk=accepted.id).queue == "later"


def test_without_its_encoder_a_model_says_what_to_do(models: LoadedModels, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> Predictor:
        raise EncoderMissing("This model needs the sentence encoder 0123, which is not here.")

    monkeypatch.setattr(models, "get", missing)
    asked = [request(id="cls_1"), request(id="cls_2")]
    replies = inference.answer_together(asked, model="support", version=1, models=models)
    assert [reply["error"]["code"] for reply in replies] == ["unavailable"] * 2
    assert "Ask the operator to install it, or train the model again" in replies[0]["error"]["detail"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ArtefactDamaged("arrays.bin has changed"), "This version cannot be used"),
        (OperationalError(), "does not answer"),
    ],
)
def test_what_cannot_be_had_just_now_can_be_asked_for_again(
    models: LoadedModels, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    monkeypatch.setattr(models, "get", raising(error))
    monkeypatch.setattr(inference, "connection", Mock())
    refused = answer(request(), models=models)["error"]
    assert (refused["code"], says in refused["detail"]) == ("unavailable", True)


def raising(error: Exception) -> Callable[..., Predictor]:
    def get(*_: object, **__: object) -> Predictor:
        raise error

    return get
