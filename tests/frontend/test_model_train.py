from classifier import training
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, told, train


def test_one_click_trains_on_the_same_rows_as_the_last_time(send: Visit, bob: User, studio: Studio) -> None:
    job = send(bob, "model_train", "letters").context["job"]
    assert (job.model.name, job.dataset, job.created_by) == ("letters", studio.dataset, bob.email)
    assert job.options == {"quality": "fast"}


def test_a_second_click_while_it_runs_starts_no_second_one(send: Visit, bob: User, inside: Inside) -> None:
    send(bob, "model_train", "letters")
    assert "A training of this model runs" in told(send(bob, "model_train", "letters"))[0]


def test_where_the_rows_are_deleted_it_says_what_to_do(send: Visit, bob: User, studio: Studio, inside: Inside) -> None:
    with inside():
        studio.model.versions.update(dataset=None)
    assert "Choose a data set" in told(send(bob, "model_train", "letters"))[0]


def test_a_model_that_was_never_trained_has_nothing_to_repeat(
    send: Visit, bob: User, studio: Studio, inside: Inside
) -> None:
    with inside():
        training.cancel(job=train(studio.organisation, studio.dataset, "young"))
    assert "Choose a data set" in told(send(bob, "model_train", "young"))[0]
