from tenants.models import User
from tests.frontend.conftest import Studio, Visit, told


def test_the_policy_is_kept(send: Visit, bob: User, studio: Studio) -> None:
    assert send(bob, "model_policy", "letters", policy="ask").context["model"].policy == "ask"


def test_an_unknown_policy_is_refused_with_those_that_are_known(send: Visit, bob: User, studio: Studio) -> None:
    page = send(bob, "model_policy", "letters", policy="never")
    assert told(page) == ["Name one of: auto, ask, pinned."]
