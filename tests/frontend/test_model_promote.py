from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, told


def test_the_chosen_version_answers(send: Visit, bob: User, studio: Studio, inside: Inside) -> None:
    page = send(bob, "model_promote", "letters", 1)
    assert page.context["model"].champion.number == 1
    assert told(page) == ["Version 1 answers now."]
    with inside():
        assert studio.model.promotions.latest("at").by == bob.email
