from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, train


def test_a_finished_training_shows_its_history_and_its_version(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "training_detail", studio.job.id)
    assert page.context["events"][0].stage == "succeeded"
    assert "Version 2" in page.text
    assert "Cancel the training" not in page.text


def test_one_that_waits_shows_progress_and_can_be_canceled(
    visit: Visit, rita: User, bob: User, studio: Studio, inside: Inside
) -> None:
    with inside():
        job = train(studio.organisation, studio.dataset)
    page = visit(bob, "training_detail", job.id)
    assert '<progress class="progress" max="100" value="0"' in page.text
    assert "Cancel the training" in page.text
    assert "Cancel the training" not in visit(rita, "training_detail", job.id).text
