"""Small data sets that can be learned, and models trained on them once for all tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from classifier.ml import schema, split, table
from classifier.ml.table import Row, Table
from classifier.ml.train import Trained, train

ROOT = Path(__file__).parents[3]

TOPICS = {
    "billing": ["charged twice", "refund my invoice", "wrong amount on the bill", "payment declined"],
    "account": ["close my account", "change my password", "update my address", "delete my profile"],
    "delivery": ["parcel is late", "where is my order", "package never arrived", "courier lost it"],
}


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Writes an uploaded file."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "upload"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def texts(rows: int, seed: int = 0) -> Table:
    """Questions to a shop, each about one of three topics; no two are the same."""
    chance = Random(seed)  # noqa: S311 - repeatable data, not secrets
    found: list[Row] = []
    for number in range(rows):
        label = chance.choice(list(TOPICS))
        phrases = " and ".join(chance.sample(TOPICS[label], 2))
        found.append((f"hello {chance.choice('abcdefgh')} {phrases} please {number}", label))
    return Table(("text", "label"), found)


def records(rows: int, seed: int = 0) -> Table:
    """Loans of every type of column; income and colour decide, with a few exceptions."""
    chance = Random(seed)  # noqa: S311 - repeatable data, not secrets
    found: list[Row] = []
    for _ in range(rows):
        income, colour = chance.randint(0, 100), chance.choice(["red", "green", "blue"])
        good = (income > 50) != (colour == "red") if chance.random() > 0.05 else chance.random() > 0.5
        since = f"20{chance.randint(10, 25)}-0{chance.randint(1, 9)}-11"
        note = f"{chance.choice(['calm', 'busy'])} {chance.choice(['customer', 'buyer'])} since {chance.random()}"
        row = (str(income), colour, chance.choice(["true", "false"]), since, note, "good" if good else "bad")
        found.append(tuple(None if chance.random() < 0.05 and cell not in {"good", "bad"} else cell for cell in row))
    return Table(("income", "colour", "member", "since", "note", "label"), found)


def trained_on(data: Table, **options: Any) -> Trained:
    found = schema.infer(data)
    rows, labels, _ = schema.examples(data, found)
    return train(rows, labels, split.held_out(rows, labels), found, **options)


@pytest.fixture(scope="session")
def text_model() -> Trained:
    return trained_on(texts(300))


@pytest.fixture(scope="session")
def table_model() -> Trained:
    return trained_on(records(600))


@pytest.fixture(scope="session")
def linear_table_model() -> Trained:
    return trained_on(records(300), quality="fast")


@pytest.fixture(params=["text_model", "table_model", "linear_table_model"])
def trained(request: pytest.FixtureRequest) -> Trained:
    """A model of each form in turn."""
    model = request.getfixturevalue(request.param)
    assert isinstance(model, Trained)
    return model


def python(code: str, *arguments: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def read(path: Path, **limits: int) -> Table:
    return table.read(path, limits=table.Limits(**limits))
