"""deploy/upgrade with a helm and an ./assort in their places that write down how they were called."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from saas.instance import ROOT

IMAGE = f"registry.example/assort@sha256:{'a' * 64}"
GIVEN = {"ASSORT_IMAGE": IMAGE, "ASSORT_URL": "https://dev.example", "ASSORT_KEY": "hidden-key"}
# Notes its name and arguments, and ends with the status that the environment has for its first word.
STAND_IN = '#!/bin/sh\necho "$(basename "$0") $*" >>"$CALLS"\neval "exit \\${status_$1:-0}"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script and the stand-ins."""
    for name in ("assort", "programs/helm"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(STAND_IN)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "upgrade", tmp_path / "deploy")
    return tmp_path


def upgrade(checkout: Path, given: Mapping[str, str]) -> tuple[int, list[str], str]:
    """Return the status, what was called, and what was said."""
    path = f"{checkout / 'programs'}:{os.environ['PATH']}"
    environment = {
        "PATH": path,
        "CALLS": str(checkout / "calls"),
        "GITHUB_STEP_SUMMARY": str(checkout / "page"),
        **given,
    }
    done = subprocess.run(
        ["deploy/upgrade"], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    calls = (checkout / "calls").read_text().splitlines() if (checkout / "calls").exists() else []
    return done.returncode, calls, (checkout / "page").read_text()


def verbs(calls: list[str]) -> list[str]:
    return [" ".join(call.split()[:2]) for call in calls]


def test_an_image_is_installed_by_its_digest_and_tried(checkout: Path) -> None:
    status, calls, said = upgrade(checkout, GIVEN)
    assert (status, verbs(calls)) == (0, ["helm upgrade", "assort smoke"])
    assert (
        f"image.repository=registry.example/assort,image.digest=sha256:{'a' * 64},publicUrl=https://dev.ex" in calls[0]
    )
    assert calls[1] == "assort smoke --url https://dev.example"
    assert "does all that was tried" in said


def test_an_image_that_fails_is_taken_back(checkout: Path) -> None:
    status, calls, said = upgrade(checkout, {**GIVEN, "status_smoke": "1"})
    assert (status, verbs(calls)) == (1, ["helm upgrade", "assort smoke", "helm rollback"])
    assert f"{IMAGE} failed at https://dev.example, and the version before runs there again" in said


def test_a_first_image_that_fails_has_nothing_to_go_back_to(checkout: Path) -> None:
    status, _, said = upgrade(checkout, {**GIVEN, "status_smoke": "1", "status_rollback": "1"})
    assert status == 1
    assert "there is no version to go back to" in said


def test_an_image_that_does_not_become_ready_is_not_tried(checkout: Path) -> None:
    status, calls, said = upgrade(checkout, {**GIVEN, "status_upgrade": "1"})
    assert (status, verbs(calls)) == (1, ["helm upgrade"])
    assert "did not become ready" in said


def test_an_image_without_a_digest_is_refused(checkout: Path) -> None:
    status, calls, said = upgrade(checkout, {**GIVEN, "ASSORT_IMAGE": "registry.example/assort:0.1.0"})
    assert (status, calls) == (1, [])
    assert "names no digest" in said


def test_no_secret_is_an_argument(checkout: Path) -> None:
    _, calls, _ = upgrade(checkout, {**GIVEN, "ASSORT_KUBECONFIG": "token: hidden-token"})
    assert not [call for call in calls if "hidden" in call]
