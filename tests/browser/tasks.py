"""What people come to do, each from the first page they see to what they wanted."""

from pathlib import Path

from tests.browser.hand import Hand
from tests.gallery import MODEL

# Generous: how long it takes is measured by the bench.
ANSWER_SECONDS, TRAINING_SECONDS = 60, 240
PASSWORD = "correct-horse-battery"


def sign_up(hand: Hand, name: str) -> None:
    hand.page.goto("/")
    hand.click("link", "Sign up")
    hand.type("Email", f"{name}@example.test")
    hand.type("Password", PASSWORD)
    hand.type("Organisation", name.title())
    hand.click("button", "Sign up")


def ask_the_shared_model(hand: Hand) -> None:
    hand.type("Text", "I forgot my password and cannot sign in")
    hand.click("button", "Classify")
    hand.reads("account", within="Answer", seconds=ANSWER_SECONDS)


def train_and_ask(hand: Hand, rows: Path, question: str, answer: str) -> None:
    hand.pick("or choose one", rows)
    hand.click("button", "Upload")
    hand.waits_for("button", "Train a model", ANSWER_SECONDS)
    hand.click("button", "Train a model")
    hand.waits_for("link", "Try it", TRAINING_SECONDS)
    hand.click("link", "Try it")
    hand.type("Text", question)
    hand.click("button", "Classify")
    hand.reads(answer, within="Answer", seconds=ANSWER_SECONDS)


def find_the_worst_rows(hand: Hand) -> None:
    hand.click("link", MODEL)
    hand.click("link", "Ten worst rows")
    hand.reads("Worst rows")


def ask_why(hand: Hand) -> None:
    """From an answer that came without reasons."""
    hand.click("button", "Why this label?")
    hand.reads("Why", within="Answer", seconds=ANSWER_SECONDS)


def roll_back(hand: Hand) -> None:
    hand.click("link", MODEL)
    hand.click("button", "Roll back to version 1")
    hand.reads("Version 1")


def make_a_key(hand: Hand) -> None:
    hand.click("link", "Keys")
    hand.click("link", "Make a key")
    hand.type("Name", "the shop")
    hand.click("button", "Make the key")
    hand.reads("ak_live_")


def invite(hand: Hand, email: str) -> None:
    hand.click("link", "Team")
    hand.type("E-mail", email)
    hand.click("button", "Send the invitation")
    hand.reads(email)


def look_up_a_day(hand: Hand, day: str, label: str) -> None:
    hand.click("link", "Results")
    hand.click("link", day)
    hand.reads(label)
