from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, told, train


def test_a_training_that_nobody_runs_ends_at_once(send: Visit, bob: User, studio: Studio, inside: Inside) -> None:
    with inside():
        job = train(studio.organisation, studio.dataset)
    page = send(bob, "training_cancel", job.id)
    assert page.context["job"].status == "canceled"
    assert told(page) == ["The training is asked to stop."]


def test_what_has_ended_stays_as_it_is(send: Visit, bob: User, studio: Studio) -> None:
    assert send(bob, "training_cancel", studio.job.id).context["job"].status == "succeeded"
