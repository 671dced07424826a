import pytest

from classifier import datasets, reader, training
from classifier.errors import DatasetNotReady
from classifier.models import Model, TrainingJob
from tenants import jobs
from tenants.errors import Conflict, InvalidInput, QuotaExceeded
from tenants.models import Organisation
from tests.classifier import rows


def start(organisation: Organisation, model: str = "support") -> TrainingJob:
    return training.start(organisation=organisation, dataset=rows.ready(organisation), model_name=model, by="alice")


def test_the_model_is_made_at_its_first_training(inside_acme: Organisation) -> None:
    job = start(inside_acme, "first-time")
    assert Model.objects.get(name="first-time").champion is None
    assert job.status == TrainingJob.Status.QUEUED


@pytest.mark.parametrize("name", ["", "-a", "Support", "a b", "assort.sentiment", "a" * 64, "a/b", "ä", "a\n"])
def test_a_name_that_no_model_can_have_is_refused(inside_acme: Organisation, name: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        start(inside_acme, name)
    assert raised.value.errors[0].pointer == "/model"


def test_nothing_is_trained_on_rows_that_are_not_read(inside_acme: Organisation) -> None:
    dataset = rows.handed_in(inside_acme)
    with pytest.raises(DatasetNotReady):
        training.start(organisation=inside_acme, dataset=dataset, model_name="support", by="alice")


def test_the_plan_bounds_the_number_of_models(inside_acme: Organisation) -> None:
    start(inside_acme, "one")
    inside_acme.plan.model_count = Model.objects.count()
    start(inside_acme, "one")
    with pytest.raises(QuotaExceeded, match="Delete one"):
        start(inside_acme, "two")


def test_a_waiting_training_is_canceled_at_once(inside_acme: Organisation) -> None:
    job = training.cancel(job=start(inside_acme))
    assert job.status == TrainingJob.Status.CANCELED
    assert job.finished_at is not None


def test_a_running_one_is_asked(inside_acme: Organisation) -> None:
    job = start(inside_acme)
    jobs.claim(job.id)
    assert training.cancel(job=job).cancel_requested


def test_canceling_again_changes_nothing(inside_acme: Organisation) -> None:
    first = training.cancel(job=start(inside_acme))
    again = training.cancel(job=first)
    assert (again.status, again.finished_at) == (first.status, first.finished_at)


def test_a_finished_training_cannot_be_canceled_any_more(inside_acme: Organisation) -> None:
    version = rows.trained(inside_acme)
    job = training.cancel(job=TrainingJob.objects.get(version=version))
    assert job.status == TrainingJob.Status.SUCCEEDED


def test_a_repeated_training_takes_the_newest_version_of_the_rows(inside_acme: Organisation) -> None:
    version = rows.trained(inside_acme)
    assert version.dataset is not None
    more = datasets.add_rows(
        organisation=inside_acme,
        dataset=version.dataset,
        upload=rows.upload(inside_acme, "text,label\nthe bill is too high,billing\n"),
        by="alice",
    )
    reader.validate(more.id, tenant=inside_acme.tenant)
    assert training.repeat(model=version.model, by="bob").dataset == more


def test_one_that_is_not_read_yet_is_not_taken(inside_acme: Organisation) -> None:
    version = rows.trained(inside_acme)
    assert version.dataset is not None
    more = rows.upload(inside_acme, "text,label\nthe bill is too high,billing\n")
    datasets.add_rows(organisation=inside_acme, dataset=version.dataset, upload=more, by="alice")
    assert training.repeat(model=version.model, by="bob").dataset == version.dataset


def test_a_training_is_not_repeated_while_one_runs(inside_acme: Organisation) -> None:
    model = rows.trained(inside_acme).model
    training.repeat(model=model, by="bob")
    with pytest.raises(Conflict, match="runs"):
        training.repeat(model=model, by="bob")


def test_other_rows_of_the_same_name_make_a_model_of_their_own(inside_acme: Organisation) -> None:
    first = rows.ready(inside_acme)
    name = training.suggested_name(first)
    training.start(organisation=inside_acme, dataset=first, model_name=name, by="alice")
    assert training.suggested_name(first) == name
    assert training.suggested_name(rows.grown(inside_acme, first, "the app crashes,bug")) == name
    assert training.suggested_name(rows.ready(inside_acme, rows.TABLE)) == f"{name}-2"
