import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier import adopter, leases, registry
from classifier.ml.linear import Linear
from classifier.ml.predictor import Predictor
from classifier.ml.sentence_linear import SentenceLinear
from classifier.models import ModelVersion, Promotion
from tenants import isolation, jobs
from tenants.models import Organisation, Route
from tenants.records.models import AuditEvent
from tests.classifier import outside, recorded, rows


@pytest.fixture
def version(acme: Organisation) -> Iterator[ModelVersion]:
    """The first version of `support`, which was trained here; the test runs inside Acme."""
    with isolation.entered(acme):
        yield rows.trained(acme)


@pytest.fixture
def another(version: ModelVersion, acme: Organisation) -> Predictor:
    """A model of somebody else's that answers as well."""
    return replace(outside.champion(acme), temperature=0.9)


def adopt(organisation: Organisation, job_id: str) -> str | None:
    """Carry the request out; return why it is refused, or None where the version answers."""
    adopter.adopt(job_id, tenant=organisation.tenant)
    refused = outside.settled(organisation)[1].get("refused")
    return None if refused is None else str(refused)


def test_a_version_of_somebody_else_answers_under_its_number_in_mlflow(another: Predictor, acme: Organisation) -> None:
    assert adopt(acme, outside.delivered(acme, another, number=3)) is None
    champion = registry.champion(registry.get("support"))
    assert (champion.number, champion.mlflow_version, champion.created_by) == (3, 3, "MLflow")
    assert champion.verdict.startswith("Promoted in MLflow: On the same")
    loaded = registry.load(tenant=acme.tenant, model_name="support", number=3)
    assert loaded.temperature == another.temperature
    assert outside.settled(acme) == ("support@3", {"version_id": champion.id, "version": 3})


def test_it_is_the_gateways_route_and_in_the_audit(another: Predictor, acme: Organisation) -> None:
    adopt(acme, outside.delivered(acme, another))
    event = AuditEvent.objects.latest("id")
    assert (event.actor, event.action, event.target) == ("MLflow", "model.promoted", "support@2")
    assert Promotion.objects.latest("id").by == "MLflow"


def test_its_numbers_have_the_champions_held_out_rows_behind_them(
    version: ModelVersion, another: Predictor, acme: Organisation
) -> None:
    adopt(acme, outside.delivered(acme, another))
    adopted = registry.get_version(registry.get("support"), 2)
    assert adopted.dataset == version.dataset
    assert adopted.metrics["rows"] == adopted.evaluated.count() > 0
    assert set(adopted.evaluated.values_list("number", flat=True)) <= set(
        version.dataset.data.filter(held_out=True).values_list("number", flat=True)  # type: ignore[union-attr]  # It has one.
    )


def test_another_version_is_held_against_the_one_that_came_from_outside(another: Predictor, acme: Organisation) -> None:
    adopt(acme, outside.delivered(acme, another))
    assert adopt(acme, outside.delivered(acme, replace(another, temperature=1.1), number=3)) is None
    assert registry.champion(registry.get("support")).number == 3


def test_our_next_version_gets_a_number_that_mlflow_has_not_used(
    version: ModelVersion, another: Predictor, acme: Organisation
) -> None:
    adopt(acme, outside.delivered(acme, another, number=3))
    adopt(acme, outside.request(acme, number=4, problem="Its files cannot be used."))
    assert rows.trained(acme, version.dataset).number == 5


def test_a_number_that_is_taken_here_is_not_given_twice(
    version: ModelVersion, another: Predictor, acme: Organisation
) -> None:
    rows.trained(acme, version.dataset)
    adopt(acme, outside.delivered(acme, another, number=2))
    champion = registry.champion(registry.get("support"))
    assert (champion.number, champion.mlflow_version) == (3, 2)


def test_a_number_that_is_far_off_is_not_taken_over(another: Predictor, acme: Organisation) -> None:
    adopt(acme, outside.delivered(acme, another, number=999_999_999))
    assert registry.champion(registry.get("support")).number == 2


def test_a_version_of_our_own_is_promoted_as_it_is(version: ModelVersion, acme: Organisation) -> None:
    rows.trained(acme, version.dataset)
    assert adopt(acme, outside.request(acme, number=1, version_id=version.id)) is None
    assert registry.champion(registry.get("support")) == version
    assert version.promotions.latest("id").reason == "The alias `champion` was moved to it in MLflow."


def test_a_version_that_answers_already_is_not_promoted_again(version: ModelVersion, acme: Organisation) -> None:
    adopt(acme, outside.request(acme, number=1, version_id=version.id))
    assert version.promotions.count() == 1
    assert outside.settled(acme)[1]["version"] == 1


def test_a_request_is_carried_out_once(another: Predictor, acme: Organisation) -> None:
    job_id = outside.delivered(acme, another)
    for _ in range(2):
        adopter.adopt(job_id, tenant=acme.tenant)
    assert registry.get("support").versions.count() == 2
    assert not outside.folder_of(acme, job_id).exists()


def test_a_pinned_model_refuses_all(version: ModelVersion, another: Predictor, acme: Organisation) -> None:
    registry.set_policy(model=version.model, policy="pinned", by="alice")
    expected = "The model is pinned. Set its policy to `auto` or `ask`, and move the alias again."
    assert adopt(acme, outside.delivered(acme, another)) == expected
    assert adopt(acme, outside.request(acme, number=1, version_id=version.id)) == expected


def test_a_model_that_there_is_not_is_refused(another: Predictor, acme: Organisation) -> None:
    reason = adopt(acme, outside.delivered(acme, another, model="other"))
    assert reason == "There is no model other that answers. Train its first version here."
    assert not registry.folder_of(acme.tenant, "other").exists()


def test_a_refusal_stands_on_the_model_and_in_the_audit_until_it_is_over(
    version: ModelVersion, another: Predictor, acme: Organisation
) -> None:
    adopt(acme, outside.request(acme, problem="Its files cannot be used: it is a link."))
    [refusal] = version.model.refusals.all()
    assert (refusal.number, refusal.reason) == (2, "Its files cannot be used: it is a link.")
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.detail["reason"]) == ("model.request_refused", refusal.reason)
    adopt(acme, outside.delivered(acme, another))
    assert not version.model.refusals.exists()


def test_a_strangers_version_is_none_of_the_models(acme: Organisation, globex: Organisation) -> None:
    with isolation.entered(globex):
        theirs = rows.trained(globex)
    with isolation.entered(acme):
        rows.trained(acme)
        reason = adopt(acme, outside.request(acme, version_id=theirs.id))
        assert reason is not None
        assert "names no version of this model" in reason
        assert registry.champion(registry.get("support")).id != theirs.id
    assert Route.objects.get(tenant=globex.tenant, model="support").sha256 == theirs.sha256


def test_what_a_request_left_behind_goes_after_a_day(version: ModelVersion, acme: Organisation) -> None:
    old, new = (outside.folder_of(acme, outside.request(acme, number=number)) for number in (2, 3))
    os.utime(old, (time.time() - 2 * adopter.KEPT_SECONDS,) * 2)
    adopter.sweep(acme.tenant)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_version_that_is_worse_is_refused(another: Predictor, acme: Organisation) -> None:
    first, *others = another.labels
    reason = adopt(acme, outside.delivered(acme, replace(another, labels=(*others, first))))
    assert reason is not None
    assert reason.startswith("It is worse than version 1. On the same")


def test_a_version_that_lacks_a_label_is_refused(another: Predictor, acme: Organisation) -> None:
    reason = adopt(acme, outside.delivered(acme, replace(another, labels=("account", "billing", "other"))))
    assert reason == "It does not know 'bug' of the champion's labels. Train it on all."
    assert registry.champion(registry.get("support")).number == 1


def test_a_damaged_version_is_refused_and_the_request_has_an_end(another: Predictor, acme: Organisation) -> None:
    job_id = outside.delivered(acme, another)
    (outside.folder_of(acme, job_id) / "served" / "settings.json").write_text("{")
    reason = adopt(acme, job_id)
    assert reason is not None
    assert reason.startswith("It is not a model in our format: settings.json has changed")
    assert jobs.claim(job_id) is None


def test_a_column_that_the_model_has_not_is_refused(another: Predictor, acme: Organisation) -> None:
    column = replace(another.schema.features[0], name="body")
    changed = replace(another, schema=replace(another.schema, features=(column,)))
    assert adopt(acme, outside.delivered(acme, changed)) == (
        "Its columns are not the model's: 'body' (text). Train it on the columns that the model has."
    )


def test_a_version_that_takes_another_kind_of_input_is_refused(version: ModelVersion, acme: Organisation) -> None:
    refused = adopt(acme, outside.delivered(acme, recorded.trained("table").served))
    assert refused == "It takes another kind of input than version 1, a text model."
    assert registry.champion(registry.get("support")) == version


def test_a_version_with_an_encoder_that_is_not_here_is_refused(another: Predictor, acme: Organisation) -> None:
    scorer = SentenceLinear(NamedOnly("0" * 64), Linear(np.zeros((4, 3), np.float32), np.zeros(3, np.float32)))
    job_id = outside.delivered(acme, replace(another, scorer=scorer))
    refused = adopt(acme, job_id)
    assert refused is not None
    assert refused.startswith("This model needs the sentence encoder 000000000000, which is not here. Ask the operator")


@dataclass(frozen=True)
class NamedOnly:
    """An encoder that only its maker has."""

    sha256: str
    name: str = "elsewhere"
    width: int = 4

    def embed(self, texts: Sequence[str], *, threads: int = 1) -> NDArray[np.float32]:
        return np.ones((len(texts), 4), np.float32)


def test_a_version_that_nothing_can_test_is_refused(
    version: ModelVersion, another: Predictor, acme: Organisation
) -> None:
    version.dataset.data.filter(held_out=True).delete()  # type: ignore[union-attr]  # It has one.
    assert adopter_says(acme, another).startswith("There are no rows to test it on")


def test_a_request_that_cannot_be_read_has_an_end(acme: Organisation, version: ModelVersion) -> None:
    job_id = outside.request(acme)
    (outside.folder_of(acme, job_id) / "request.json").unlink()
    adopter.adopt(job_id, tenant=acme.tenant)
    assert jobs.claim(job_id) is None
    assert registry.champion(registry.get("support")) == version


def test_a_request_whose_worker_was_lost_each_time_is_refused(
    another: Predictor, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ATTEMPTS", 0)
    assert adopter_says(acme, another) == leases.LOST


def adopter_says(organisation: Organisation, predictor: Predictor) -> str:
    """Return why this version is refused."""
    reason = adopt(organisation, outside.delivered(organisation, predictor))
    assert reason is not None
    return reason
