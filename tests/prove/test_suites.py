"""The command on tests of its own making: what is printed, what is written, and its exit status."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from saas.instance import ROOT

TESTS = """
import pytest

@pytest.mark.proves("files", "kernel", "Reads a file of another")
def test_read(record_property):
    record_property("figure", "refused in 1 ms")

@pytest.mark.control
def test_own():
    assert {control}

@pytest.mark.proves("processes", "kernel", "Signals another")
@pytest.mark.needs("wings")
def test_signal(): pass
"""


def prove(folder: Path, *, control: bool) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    (folder / "test_made_up.py").write_text(TESTS.format(control=control).replace("wings", "root"))
    written = ["--html", str(folder / "out" / "card.html"), "--json", str(folder / "out" / "card.json")]
    command = [sys.executable, "-m", "tests.prove", str(folder / "test_made_up.py"), *written]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done, json.loads((folder / "out" / "card.json").read_text())


def test_a_run_in_which_all_held(tmp_path: Path) -> None:
    done, said = prove(tmp_path, control=True)
    assert done.returncode == 0, done.stdout
    assert said["rows"][0]["figures"] == ["refused in 1 ms"]
    assert {row["result"] for row in said["rows"]} <= {"held", "not on this machine"}
    assert "refused in 1 ms" in done.stdout
    assert "Reads a file of another" in (tmp_path / "out" / "card.html").read_text()


def test_a_run_whose_control_failed_proves_nothing(tmp_path: Path) -> None:
    done, said = prove(tmp_path, control=False)
    assert done.returncode == 1
    assert "test_own" in said["rows"][0]["reason"]
    assert said["rows"][0]["result"] == "BROKEN"
