from tenants.models import User
from tests.frontend.conftest import Studio, Visit, address


def test_a_version_shows_its_figures_and_how_it_was_made(visit: Visit, bob: User, studio: Studio) -> None:
    page = visit(bob, "version_detail", "letters", 1)
    assert page.context["version"].number == 1
    assert page.context["figures"][0].name == "Accuracy"
    assert "What was tried" in page.text
    assert "Let this version answer" in page.text


def test_the_champion_is_marked_and_not_promoted_again(visit: Visit, bob: User, studio: Studio) -> None:
    page = visit(bob, "version_detail", "letters", 2)
    assert "champion" in page.text
    assert "Let this version answer" not in page.text


def test_a_viewer_is_not_offered_to_promote(visit: Visit, rita: User, studio: Studio) -> None:
    assert "Let this version answer" not in visit(rita, "version_detail", "letters", 1).text


def test_the_address_sorts_the_labels(visit: Visit, rita: User, studio: Studio) -> None:
    for sort, labels in (("label", ["card", "invoice"]), ("-label", ["invoice", "card"])):
        page = visit(rita, "version_detail", "letters", 1, sort=sort)
        assert [score["label"] for score in page.context["scores"]] == labels
    assert 'aria-sort="descending"' in page.text


def test_a_cell_of_the_matrix_is_a_link_to_its_rows(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "version_detail", "letters", 1)
    rows = address(studio, "version_rows", "letters", 1)
    assert f'href="{rows}?label=card&amp;predicted=card"' in page.text


def test_the_matrix_shows_shares_where_the_address_says_so(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "version_detail", "letters", 1, cells="shares")
    cell = page.context["matrix"].lines[0].cells[0]
    assert f"{cell.share * 100:.1f}\N{NO-BREAK SPACE}% of card taken for card" in page.text


def test_the_charts_add_up_to_the_figures(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "version_detail", "letters", 1)
    right, kept = page.context["coverage"]["series"]
    assert round(right["data"][0], 6) == round(page.context["version"].metrics["accuracy"], 6)
    assert kept["data"][0] == 1
