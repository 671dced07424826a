from tenants.models import User
from tests.frontend.conftest import Studio, Visit


def test_models_are_listed_with_the_version_that_answers(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "model_list")
    assert list(page.context["models"]) == [studio.model]
    assert "version 2" in page.text
