import sys

import pytest

from tests.delivery import audit


def test_every_lock_is_audited() -> None:
    named = [name for name, _, _ in audit.commands()]
    locks = ["requirements.txt", "requirements-encoder.txt", "requirements-s3.txt", "requirements-dev.txt"]
    assert named == [*locks, "frontend/package-lock.json", "tests/browser/package-lock.json"]


def test_a_list_that_cannot_be_had_is_a_failure_that_says_so(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # Nothing listens on the port of "discard".
    for name in ("HTTPS_PROXY", "https_proxy", "npm_config_registry"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    few = [*list(audit.commands())[1:2], *list(audit.commands())[4:5]]
    monkeypatch.setattr(audit, "commands", lambda: few)
    assert audit.main() == 1
    said = capfd.readouterr().err
    assert said.count("vulnerable, or not to be found out") == 2


def test_what_holds_everywhere_is_status_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "commands", lambda: [("one", [sys.executable, "-c", ""], ".")])
    assert audit.main() == 0
