from pathlib import Path

import pytest

from tests.delivery import shell


def test_the_commands_of_every_step_are_found() -> None:
    workflow = "jobs:\n  one:\n    steps:\n      - uses: a/b@c\n      - run: echo one\n  two: {uses: ./x.yml}\n"
    assert list(shell.steps(workflow)) == ["echo one"]


def test_every_script_is_found_by_its_first_line() -> None:
    assert {Path("assort"), Path(".ci/run"), Path("deploy/upgrade")} <= set(shell.scripts())


def test_a_step_that_forgets_its_quotes_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "any.yml").write_text("jobs: {one: {steps: [{run: rm $1}]}}")
    monkeypatch.setattr(shell, "WORKFLOWS", tmp_path)
    assert shell.main() == 1
    assert "SC2086" in capfd.readouterr().out
