from django.test import Client

from tests.frontend.test_layout import check


def test_the_components_are_shown_together_to_whoever_builds_pages(db: None) -> None:
    page = Client().get("/_components")
    assert page.status_code == 200
    assert "The way of a training" in page.text
    check(page.text)
