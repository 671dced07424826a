from tenants.models import User
from tests.frontend.conftest import Studio, Visit


def test_it_shows_the_newest_of_everything(visit: Visit, alice: User, studio: Studio) -> None:
    page = visit(alice, "organisation_home")
    assert [dataset.name for dataset in page.context["datasets"]] == ["Too few", "Letters"]
    assert page.context["jobs"][0] == studio.job
    assert page.context["models"] == [studio.model]
    assert [key.name for key in page.context["keys"]] == ["tests"]


def test_keys_are_not_shown_to_a_member(visit: Visit, bob: User) -> None:
    page = visit(bob, "organisation_home")
    assert "ak_live_" not in page.text
    assert "Keys are for admins" in page.text
