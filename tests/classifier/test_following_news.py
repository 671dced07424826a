from collections.abc import Callable

import pytest

from classifier import following, registry, trainer, training
from classifier.models import Dataset, TrainingJob
from tenants import appointments, isolation
from tenants.models import Appointment, Letter, Organisation
from tests.classifier import rows
from tests.classifier.followed import appointments_of, follow, grow, letters_to, support


@pytest.fixture
def at_rest(acme: Organisation) -> Dataset:
    """The data set that Acme's model `support` follows; nobody is to look at the model."""
    with isolation.entered(acme):
        version = rows.trained(acme)
        follow()
        appointments.drop("support")
        assert version.dataset is not None
        return version.dataset


def test_rows_that_were_read_make_an_appointment(acme: Organisation, at_rest: Dataset) -> None:
    assert appointments_of(acme) == []
    with isolation.entered(acme):
        grow(acme, at_rest)
    assert appointments_of(acme) == ["support"]


def test_a_new_data_set_makes_none(acme: Organisation, at_rest: Dataset) -> None:
    with isolation.entered(acme):
        rows.ready(acme)
    assert appointments_of(acme) == []


def test_the_end_of_a_training_makes_one_even_if_it_was_canceled(acme: Organisation, at_rest: Dataset) -> None:
    with isolation.entered(acme):
        job = training.start(organisation=acme, dataset=at_rest, model_name="support", by="bob")
        training.cancel(job=job)
    assert appointments_of(acme) == ["support"]


def test_a_rule_makes_one_and_the_end_of_following_or_of_the_model_drops_it(
    acme: Organisation, at_rest: Dataset
) -> None:
    ends: list[Callable[[], None]] = [
        lambda: follow("off"),
        lambda: registry.delete(tenant=acme.tenant, model=support(), by="bob"),
    ]
    for end in ends:
        with isolation.entered(acme):
            follow()
        assert appointments_of(acme) == ["support"]
        with isolation.entered(acme):
            end()
        assert appointments_of(acme) == []


def test_the_next_day_of_a_schedule_is_one(acme: Organisation, at_rest: Dataset) -> None:
    with isolation.entered(acme):
        follow(every=7)
        appointments.drop("support")
        following.look("support")
        due = support().follow_due
    assert Appointment.objects.get(tenant=acme.tenant).due_at == due


def test_a_version_that_is_held_back_is_written_about_with_its_reason(acme: Organisation) -> None:
    with isolation.entered(acme):
        version = rows.trained(acme)
        follow()
        registry.set_policy(model=support(), policy="ask", by="alice")
        grow(acme, version.dataset)
        following.look("support")
        job = TrainingJob.objects.get(created_by="follow")
        trainer.train(job.id, tenant=acme.tenant)
        job.refresh_from_db()
        assert job.version is not None
        verdict = job.version.verdict
        assert registry.champion(support()) == version
    letter = Letter.objects.get(tenant=acme.tenant)
    assert (letter.kind, letter.reason) == ("version_waits", verdict)


def test_a_failed_training_is_written_about_and_a_canceled_one_is_not(acme: Organisation) -> None:
    with isolation.entered(acme):
        dataset = rows.ready(acme)
        job = training.start(organisation=acme, dataset=dataset, model_name="support", by="alice")
        training.cancel(job=job)
    assert letters_to(acme) == []
    with isolation.entered(acme):
        job = training.start(organisation=acme, dataset=dataset, model_name="support", by="alice")
        TrainingJob.objects.filter(id=job.id).update(dataset=None)
        trainer.train(job.id, tenant=acme.tenant)
    letter = Letter.objects.get(tenant=acme.tenant)
    assert (letter.kind, letter.about) == ("training_failed", "support")
    assert "was deleted" in letter.reason


def test_a_promoted_version_is_not_written_about(acme: Organisation) -> None:
    with isolation.entered(acme):
        version = rows.trained(acme)
        rows.trained(acme, version.dataset)
    assert letters_to(acme) == []
