from datetime import timedelta

import pytest
from django.utils import timezone

from classifier import datasets, following, trainer, training
from classifier.models import Model, ModelVersion, TrainingJob
from tenants.models import Organisation
from tests.classifier import rows
from tests.classifier.followed import follow, grow, started, support


@pytest.fixture
def version(inside_acme: Organisation) -> ModelVersion:
    return rows.trained(inside_acme)


def test_a_new_version_of_the_data_set_is_trained_on_as_the_last_time(inside_acme: Organisation) -> None:
    first = rows.ready(inside_acme)
    options = {"quality": "fast", "seed": 7}
    job = training.start(organisation=inside_acme, dataset=first, model_name="support", by="alice", options=options)
    trainer.train(job.id, tenant=inside_acme.tenant)
    follow()
    second = grow(inside_acme, first)
    following.look("support")
    again = TrainingJob.objects.get(created_by="follow")
    assert (again.dataset, again.options, support().followed) == (second, {"quality": "fast"}, second)


def test_a_data_set_of_another_origin_starts_nothing(inside_acme: Organisation, version: ModelVersion) -> None:
    follow()
    grow(inside_acme, rows.ready(inside_acme))
    following.look("support")
    assert started() == []


def test_a_model_that_follows_nothing_is_left_alone(inside_acme: Organisation, version: ModelVersion) -> None:
    grow(inside_acme, version.dataset)
    following.look("support")
    assert started() == []


def test_rows_add_up_over_versions_until_they_are_enough(inside_acme: Organisation, version: ModelVersion) -> None:
    follow(rows=3)
    second = grow(inside_acme, version.dataset, 2)
    following.look("support")
    assert started() == []
    third = grow(inside_acme, second)
    following.look("support")
    assert started() == [(third.id, "queued")]


def test_rows_that_are_added_to_an_old_version_count_too(inside_acme: Organisation, version: ModelVersion) -> None:
    follow()
    grow(inside_acme, version.dataset)
    following.look("support")
    trainer.train(TrainingJob.objects.get(created_by="follow").id, tenant=inside_acme.tenant)
    beside = grow(inside_acme, version.dataset, 2)
    following.look("support")
    assert started()[1:] == [(beside.id, "queued")]


def test_there_is_one_training_at_a_time_and_the_look_after_it_starts_the_next(
    inside_acme: Organisation, version: ModelVersion
) -> None:
    follow()
    second = grow(inside_acme, version.dataset)
    following.look("support")
    third = grow(inside_acme, second)
    following.look("support")
    assert started() == [(second.id, "queued")]
    trainer.train(TrainingJob.objects.get(dataset=second).id, tenant=inside_acme.tenant)
    following.look("support")
    assert started() == [(second.id, "succeeded"), (third.id, "queued")]


def test_rows_that_could_not_be_trained_on_are_not_tried_for_ever(
    inside_acme: Organisation, version: ModelVersion
) -> None:
    follow()
    second = grow(inside_acme, version.dataset)
    following.look("support")
    training.cancel(job=TrainingJob.objects.get(dataset=second))
    following.look("support")
    assert started() == [(second.id, "canceled")]
    third = grow(inside_acme, second)
    following.look("support")
    assert started()[1:] == [(third.id, "queued")]


def test_when_the_followed_version_is_deleted_the_one_before_is_followed(
    inside_acme: Organisation, version: ModelVersion
) -> None:
    follow(rows=100)
    second = grow(inside_acme, version.dataset)
    following.look("support")
    datasets.delete(organisation=inside_acme, dataset=second, by="alice")
    assert support().followed == version.dataset
    datasets.delete(organisation=inside_acme, dataset=datasets.get(version.dataset_id or ""), by="alice")
    following.look("support")
    assert (support().followed, started()) == (None, [])


def test_rows_that_nobody_knows_any_more_count_as_not_learnt_from(
    inside_acme: Organisation, version: ModelVersion
) -> None:
    follow()
    second = grow(inside_acme, version.dataset)
    datasets.delete(organisation=inside_acme, dataset=datasets.get(version.dataset_id or ""), by="alice")
    following.set_rule(model=support(), by="alice", dataset=second.id)
    following.look("support")
    assert started() == [(second.id, "queued")]


def let_it_be_due() -> None:
    Model.objects.filter(name="support").update(follow_due=timezone.now() - timedelta(seconds=1))


def test_a_schedule_trains_on_any_new_row_and_goes_on(inside_acme: Organisation, version: ModelVersion) -> None:
    follow(rows=1000, every=7)
    second = grow(inside_acme, version.dataset)
    following.look("support")
    assert started() == []
    let_it_be_due()
    following.look("support")
    assert started() == [(second.id, "queued")]
    due = support().follow_due
    assert due is not None
    assert timedelta(days=6) < due - timezone.now() <= timedelta(days=7)


def test_without_new_rows_a_schedule_says_so_and_goes_on(
    inside_acme: Organisation, version: ModelVersion, caplog: pytest.LogCaptureFixture
) -> None:
    follow(every=7)
    let_it_be_due()
    following.look("support")
    assert started() == []
    assert "support has learnt from all rows" in caplog.text
    due = support().follow_due
    assert due is not None
    assert due > timezone.now()
