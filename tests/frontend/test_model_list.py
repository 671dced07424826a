from tenants.models import User
from tests.frontend.conftest import Studio, Visit, address


def test_models_are_listed_with_the_version_that_answers(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "model_list")
    assert list(page.context["models"]) == [studio.model]
    assert "version 2" in page.text


def test_only_who_may_train_is_offered_to(visit: Visit, rita: User, bob: User, studio: Studio) -> None:
    start = address(studio, "training_start")
    assert start in visit(bob, "model_list").text
    assert start not in visit(rita, "model_list").text
