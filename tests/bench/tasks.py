"""How long the two tasks take of which people say how long they took."""

import time
from pathlib import Path

from saas.instance import ROOT
from tests.bench.row import Row, at_most
from tests.browser import chromium, tasks
from tests.browser.hand import Hand
from tests.gallery import SAMPLE
from tests.service import Service

# 10,003 questions to a bank with 77 labels; the sample where they are not at hand.
BANK = ROOT.parent / "shared" / "data" / "banking77" / "train.csv"


def measure(service: Service) -> list[Row]:
    rows, question, answer = (
        (BANK, "My card has still not arrived", "card_arrival")
        if BANK.exists()
        else (SAMPLE, "Where is my parcel?", "delivery")
    )
    with chromium.started() as browser:
        window = browser.new_context(base_url=service.url)
        hand = Hand(window.new_page())
        started = time.perf_counter()
        tasks.sign_up(hand, "stopwatch")
        tasks.ask_the_shared_model(hand)
        first = time.perf_counter() - started
        hand.page.goto("/")
        started = time.perf_counter()
        tasks.train_and_ask(hand, rows, question, answer)
        second = time.perf_counter() - started
    return [
        Row("from sign-up to an answer of the shared model", first, "s", at_most(60)),
        Row(f"from {_named(rows)} to an answer of an own model", second, "s", at_most(120)),
    ]


def _named(rows: Path) -> str:
    return f"{rows.parent.name}/{rows.name}"
