"""What was accepted for later is answered together, and each request is claimed, kept and finished for itself."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from classifier import inference, later, registry, stored
from classifier.later import Later
from classifier.loaded import LoadedModels
from classifier.models import Answer, Classification
from tenants import isolation, jobs
from tenants.models import Job, Organisation
from tests.classifier import rows

TEXTS = {"my password": "account", "the invoice": "billing", "a crash": "bug"}


@pytest.fixture
def models(acme: Organisation) -> LoadedModels:
    with isolation.entered(acme):
        rows.trained(acme)
    return LoadedModels(acme.tenant)


def accept(*inputs: str, explain: bool = False, top_k: int = 1, version: int = 1) -> str:
    asked = Later(model="support", version=version, inputs=inputs, top_k=top_k, explain=explain, api_key="")
    return later.accept(asked).id


def outcomes(ids: Sequence[str]) -> list[str]:
    found = dict(Job.objects.filter(pk__in=ids).values_list("pk", "outcome"))
    return [found[id] for id in ids]


def test_each_gets_the_answer_to_its_own_text(models: LoadedModels, inside_acme: Organisation) -> None:
    asked = {accept(text): label for text, label in TEXTS.items()}
    assert stored.answer(list(asked), models=models) == []
    found = {row.id: row for row in Classification.objects.all()}
    assert {id: row.results[0]["label"] for id, row in found.items() if row.results} == asked
    assert {row.status for row in found.values()} == {"succeeded"}
    assert dict(Answer.objects.values_list("classification", "label")) == asked


def test_it_is_answered_once_and_its_inputs_do_not_stay(models: LoadedModels, inside_acme: Organisation) -> None:
    accepted = accept("my password")
    for _ in range(2):
        stored.answer([accepted], models=models)
    row = Classification.objects.get(id=accepted)
    assert (row.status, row.inputs, row.error) == ("succeeded", None, None)
    assert Answer.objects.count() == 1
    assert row.finished_at is not None
    assert abs(row.expires_at - row.finished_at - timedelta(days=1)) < timedelta(seconds=1)


def test_what_is_wanted_of_one_is_not_given_to_another(models: LoadedModels, inside_acme: Organisation) -> None:
    plain, explained, broad = accept("a crash"), accept("a crash", explain=True), accept("a crash", top_k=3)
    stored.answer([plain, explained, broad], models=models)
    found = Classification.objects.in_bulk()
    results: dict[str, Any] = {id: row.results[0] for id, row in found.items() if row.results}
    assert ["explanation" in results[id] for id in (plain, explained, broad)] == [False, True, False]
    assert [len(results[id]["scores"]) for id in (plain, explained, broad)] == [1, 1, 3]


def test_a_request_that_cannot_be_answered_fails_with_the_reason(
    models: LoadedModels, inside_acme: Organisation
) -> None:
    accepted = accept("my password")
    registry.delete(tenant=inside_acme.tenant, model=registry.get("support"), by="alice")
    stored.answer([accepted], models=LoadedModels(inside_acme.tenant))
    row = Classification.objects.get(id=accepted)
    assert (row.status, row.results) == ("failed", None)
    assert row.error is not None
    assert row.error["code"] == "not_found"


def test_versions_and_large_requests_are_computed_apart(
    models: LoadedModels, inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[list[int]] = []
    together = inference.answer_together

    def counting(requests: Sequence[Any], **named: Any) -> list[dict[str, Any]]:
        sizes.append([len(request["inputs"]) for request in requests])
        return together(requests, **named)

    monkeypatch.setattr(inference, "answer_together", counting)
    asked = [*(accept(*["a"] * 100) for _ in range(3)), accept(*["a"] * 40, explain=True), accept("a", explain=True)]
    stored.answer(asked, models=models)
    assert sizes == [[100, 100, 1], [100], [40]]


def test_a_worker_that_is_wanted_elsewhere_leaves_the_rest_unclaimed(models: LoadedModels, acme: Organisation) -> None:
    with isolation.entered(acme):
        asked = [accept(*["a"] * 200) for _ in range(3)]
        assert stored.answer(asked, models=models, is_wanted_elsewhere=lambda: True) == asked[1:]
        assert jobs.claim_all(asked) == {asked[1]: 1, asked[2]: 1}
    assert outcomes(asked) == ["succeeded", "", ""]


def test_what_another_attempt_took_over_takes_no_effect_and_the_others_do(
    models: LoadedModels, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with isolation.entered(acme):
        mine, theirs = accept("my password"), accept("a crash")
        together = inference.answer_together

        def slow(requests: Sequence[Any], **named: Any) -> list[dict[str, Any]]:
            assert jobs.claim_all([theirs]) == {theirs: 2}
            return together(requests, **named)

        claim_all = jobs.claim_all
        with monkeypatch.context() as patched:
            patched.setattr(jobs, "LEASE", timedelta(0))
            patched.setattr(inference, "answer_together", slow)
            stored.answer([mine, theirs], models=models)
        found = Classification.objects.in_bulk()
        assert (found[mine].status, found[theirs].status) == ("succeeded", "queued")
        assert claim_all([mine]) == {}
    assert outcomes([mine, theirs]) == ["succeeded", ""]


def test_an_answer_that_the_database_refuses_takes_no_other_with_it(
    models: LoadedModels, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with isolation.entered(acme):
        asked = [accept(text) for text in TEXTS]
        together = inference.answer_together

        def poisoned(requests: Sequence[Any], **named: Any) -> list[dict[str, Any]]:
            replies = together(requests, **named)
            return [reply | {"warnings": ["\0"]} if reply["id"] == asked[1] else reply for reply in replies]

        monkeypatch.setattr(inference, "answer_together", poisoned)
        stored.answer(asked, models=models)
        found = Classification.objects.in_bulk()
        assert [found[id].status for id in asked] == ["succeeded", "queued", "succeeded"]
    assert outcomes(asked) == ["succeeded", "", "succeeded"]


def test_what_stopped_several_workers_is_given_up_and_its_neighbour_is_not(
    models: LoadedModels, inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly, other = accept("a crash"), accept("a crash")
    monkeypatch.setattr(jobs, "LEASE", timedelta(0))
    for _ in range(jobs.ATTEMPTS):
        jobs.claim(deadly)
    stored.answer([deadly, other], models=models)
    found = Classification.objects.in_bulk()
    assert (found[deadly].status, found[other].status) == ("failed", "succeeded")
    assert (found[deadly].error or {})["code"] == "unavailable"


def test_what_was_deleted_or_canceled_meanwhile_is_not_answered(models: LoadedModels, acme: Organisation) -> None:
    with isolation.entered(acme):
        deleted, canceled, other = accept("a"), accept("a"), accept("a")
        Classification.objects.filter(id=deleted).delete()
        assert jobs.cancel(canceled)
        stored.answer([deleted, canceled, other], models=models)
        assert Classification.objects.get(id=canceled).status == "queued"
    assert outcomes([deleted, canceled, other]) == ["canceled", "canceled", "succeeded"]


def test_a_strangers_worker_answers_none_of_it(acme: Organisation, globex: Organisation) -> None:
    with isolation.entered(acme):
        rows.trained(acme)
        accepted = accept("my password")
    with isolation.entered(globex):
        rows.trained(globex)
        stored.answer([accepted], models=LoadedModels(globex.tenant))
        assert not Answer.objects.exists()
    with isolation.entered(acme):
        assert Classification.objects.get(id=accepted).status == "queued"
        assert jobs.claim(accepted) == 1
