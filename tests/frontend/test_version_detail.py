from tenants.models import User
from tests.frontend.conftest import Studio, Visit


def test_a_version_shows_its_figures_and_how_it_was_made(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "version_detail", "letters", 1)
    assert page.context["version"].number == 1
    assert "What was tried" in page.text
    assert "Let this version answer" in page.text


def test_the_champion_is_marked_and_not_promoted_again(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "version_detail", "letters", 2)
    assert "champion" in page.text
    assert "Let this version answer" not in page.text
