from tenants.models import Encoder, User
from tests.frontend.conftest import Studio, Visit


def test_a_training_begins_and_is_shown(send: Visit, bob: User, studio: Studio) -> None:
    page = send(bob, "training_start", dataset=studio.dataset.id, model="support", quality="fast")
    job = page.context["job"]
    assert (job.model.name, job.dataset, job.created_by) == ("support", studio.dataset, bob.email)
    assert job.options == {"quality": "fast"}
    assert "Waiting for a worker." in page.text


def test_the_form_begins_with_the_data_set_that_one_came_from(visit: Visit, bob: User, studio: Studio) -> None:
    form = visit(bob, "training_start", dataset=studio.dataset.id).context["form"]
    assert (form["dataset"].value(), form["model"].value()) == (studio.dataset.id, "letters")


def test_only_data_sets_that_are_ready_are_offered(visit: Visit, bob: User, studio: Studio) -> None:
    form = visit(bob, "training_start").context["form"]
    assert [value for value, _ in form["dataset"].field.choices] == [studio.dataset.id]


def test_a_name_that_no_model_can_have_is_refused_at_its_field(send: Visit, bob: User, studio: Studio) -> None:
    page = send(bob, "training_start", dataset=studio.dataset.id, model="No Spaces", quality="fast")
    assert "a-z" in page.context["form"].errors["model"][0]


def test_it_may_start_from_an_encoder_that_is_not_the_usual_one(
    visit: Visit, send: Visit, bob: User, studio: Studio
) -> None:
    said = {"weights_sha256": "1" * 64, "licence": "MIT", "width": 4, "tokens": 8, "added_by": "operator"}
    Encoder.objects.create(sha256="2" * 64, name="legal-texts", **said)
    groups = dict(visit(bob, "training_start").context["form"]["base"].field.choices)
    assert groups["Sentence encoders"] == [("legal-texts", "legal-texts")]
    page = send(bob, "training_start", dataset=studio.dataset.id, model="support", base="legal-texts", quality="best")
    assert page.context["job"].options["base"] == "legal-texts"
