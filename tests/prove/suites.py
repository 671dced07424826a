"""Runs the suites, as `./assort test` does, and writes the scorecard of the run."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import form
from tests.prove import machine
from tests.prove.ledger import Ledger, Result
from tests.prove.scorecard import Scorecard

# In two processes, each with a service of its own; the tests of a file in one of them, see saas/commandline.py.
TOGETHER = ("-n", "2", "--dist", "loadfile")


def run(paths: Sequence[str], *, html: Path, json: Path) -> int:
    """Return the exit status: 0 when every attack was refused and every fault survived."""
    # Every process of the run chooses by the same seed.
    os.environ["ASSORT_SEED"] = str(form.SEED)
    ledger, began = Ledger(), time.monotonic()
    status = int(pytest.main(["-q", "-c", "pyproject.toml", *TOGETHER, *paths], plugins=[ledger]))
    card = Scorecard(machine.described(), ledger.rows, time.monotonic() - began)
    _write(html, card.to_html())
    _write(json, card.to_json())
    sys.stdout.write(f"{card.to_text()}Written to {html} and {json}.\n")
    return status or int(any(row.result == Result.BROKEN for row in card.rows))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
