from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit


def test_a_version_is_compared_with_the_champion(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "version_compare", "letters", 1)
    assert page.context["other"].number == 2
    assert page.context["figures"][0].difference == "+0.0 points"
    assert {pair.name for pair in page.context["labels"]} == {"card", "invoice"}


def test_or_with_the_one_that_the_address_names(visit: Visit, rita: User, studio: Studio) -> None:
    assert visit(rita, "version_compare", "letters", 2, **{"with": "1"}).context["other"].number == 1


def test_the_champion_is_compared_with_the_one_before_it(visit: Visit, rita: User, studio: Studio) -> None:
    assert visit(rita, "version_compare", "letters", 2).context["other"].number == 1


def test_one_that_is_not_there_is_not_found(visit: Visit, rita: User, studio: Studio) -> None:
    assert visit(rita, "version_compare", "letters", 2, **{"with": "9"}).status_code == 404


def test_it_says_where_they_were_tested_on_different_rows(
    visit: Visit, rita: User, studio: Studio, inside: Inside
) -> None:
    assert "tested on different rows" not in visit(rita, "version_compare", "letters", 1).text
    with inside():
        studio.model.versions.filter(number=1).update(dataset_sha256="0" * 64)
    assert "tested on different rows" in visit(rita, "version_compare", "letters", 1).text
