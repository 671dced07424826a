"""What people come to do, as they would do it, within a number of clicks.

Typing is no click; picking a file, or letting it fall somewhere, is one.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import tasks
from tests.browser.conftest import Look, new_window
from tests.browser.hand import Hand
from tests.browser.watched import Watched
from tests.gallery import SAMPLE, Gallery
from tests.service import Service


@pytest.fixture
def newcomer(browser: Browser, service: Service) -> Iterator[Hand]:
    """Somebody who has never been here."""
    window = new_window(browser, service, "light")
    watched = Watched(window.new_page())
    yield Hand(watched.page)
    window.close()
    assert watched.take_faults() == []


@pytest.fixture
def nora(look: Look, gallery: Gallery) -> Hand:
    """The owner of the gallery, at its home."""
    watched = look(gallery.owner, "light")
    assert watched.open(f"/o/{gallery.slug}/") == 200
    return Hand(watched.page)


def test_a_newcomer_gets_an_answer_from_the_shared_model(newcomer: Hand) -> None:
    tasks.sign_up(newcomer, "early-bird")
    tasks.ask_the_shared_model(newcomer)
    assert newcomer.clicks <= 3


def test_a_file_becomes_a_model_that_answers(newcomer: Hand) -> None:
    tasks.sign_up(newcomer, "own-model")
    before = newcomer.clicks
    tasks.train_and_ask(newcomer, SAMPLE, "Where is my parcel?", "delivery")
    assert newcomer.clicks - before <= 6


def test_the_ten_worst_rows_of_a_model(nora: Hand) -> None:
    tasks.find_the_worst_rows(nora)
    assert nora.clicks <= 3


def test_why_an_answer_has_its_label(nora: Hand, gallery: Gallery) -> None:
    nora.page.goto(f"/o/{gallery.slug}/classifications/{gallery.unexplained}/")
    tasks.ask_why(nora)
    assert nora.clicks <= 2


def test_rolling_back(nora: Hand) -> None:
    tasks.roll_back(nora)
    assert nora.clicks <= 2


def test_a_new_key(nora: Hand) -> None:
    tasks.make_a_key(nora)
    assert nora.clicks <= 3


def test_inviting_a_colleague(nora: Hand) -> None:
    tasks.invite(nora, "colleague@example.test")
    assert nora.clicks <= 3


def test_what_was_answered_on_a_day(nora: Hand) -> None:
    """Each of the last seven days is as far away as today."""
    tasks.look_up_a_day(nora, "Today", "delivery")
    assert nora.clicks <= 4
