"""Every page, in light, in dark and on a small phone: nothing shuts anybody out, nothing is wider than the screen."""

import pytest
from playwright.sync_api import Page

from tests.browser import axe, tasks
from tests.browser.conftest import SCHEMES, Look
from tests.browser.hand import Hand
from tests.browser.places import PLACES, Place, address_of
from tests.gallery import Gallery

OPEN_ALL = "() => { for (const each of document.querySelectorAll('main details')) each.open = true; }"
# How much wider than the window the page is.
EXCESS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_page_is_for_everybody(place: Place, scheme: str, look: Look, gallery: Gallery) -> None:
    watched = look(getattr(gallery, place.by, None), scheme)
    assert watched.open(address_of(place, gallery)) == place.status
    if place.shows:
        watched.page.get_by_text(place.shows).first.wait_for()
    watched.page.evaluate(OPEN_ALL)
    check(watched.page, place.foreign)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_so_is_the_list_of_keys(scheme: str, look: Look, gallery: Gallery) -> None:
    watched = look(gallery.owner, scheme)
    watched.open(f"/o/{gallery.slug}/")
    watched.page.keyboard.press("?")
    watched.page.get_by_role("dialog").wait_for()
    check(watched.page)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_so_are_a_new_key_and_an_answer(scheme: str, look: Look, gallery: Gallery) -> None:
    watched = look(gallery.owner, scheme)
    watched.open(f"/o/{gallery.slug}/")
    tasks.make_a_key(Hand(watched.page))
    check(watched.page)
    watched.open(f"/o/{gallery.slug}/models/assort.support/try/")
    tasks.ask_the_shared_model(Hand(watched.page))
    check(watched.page)


def check(page: Page, foreign: str = "") -> None:
    violations = axe.violations(page, foreign)
    assert not violations, "\n".join(violations)
    assert page.evaluate(EXCESS) == 0
