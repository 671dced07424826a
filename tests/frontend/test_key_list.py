from tenants.models import User
from tests.frontend.conftest import Studio, Visit


def test_keys_are_listed_without_their_secret(visit: Visit, alice: User, studio: Studio) -> None:
    page = visit(alice, "key_list")
    assert [key.name for key in page.context["keys"]] == ["tests"]
    assert page.context["keys"][0].masked in page.text
