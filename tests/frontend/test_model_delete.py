from classifier.models import Model
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, told, train


def test_a_deleted_model_is_gone(send: Visit, alice: User, studio: Studio, inside: Inside) -> None:
    page = send(alice, "model_delete", "letters")
    assert told(page) == ["The model letters is gone."]
    with inside():
        assert not Model.objects.filter(name="letters").exists()


def test_one_that_is_being_trained_stays(send: Visit, alice: User, studio: Studio, inside: Inside) -> None:
    with inside():
        train(studio.organisation, studio.dataset)
    assert "A training for this model runs" in told(send(alice, "model_delete", "letters"))[0]
