"""`./assort manage encoder` on the running service."""

import json
from pathlib import Path
from typing import Any

import pytest

from tenants import ids
from tests.classifier.encoders import tiny
from tests.service import Service


@pytest.fixture
def name() -> str:
    return f"tiny-{ids.random_text(6)}"


def listed(service: Service, name: str) -> dict[str, Any]:
    [found] = [each for each in json.loads(service.manage("encoder", "list", "--json").stdout) if each["name"] == name]
    return dict(found)


def refusal(service: Service, *arguments: str) -> str:
    """Return the one line that says why the command is not carried out."""
    refused = service.manage("encoder", *arguments)
    assert refused.returncode != 0
    [line] = refused.stderr.splitlines()
    return str(line)


def test_an_encoder_is_added_listed_and_removed(service: Service, name: str, tmp_path: Path) -> None:
    folder = tiny.publish(tmp_path / "published", licence="")
    added = service.manage("encoder", "add", name, str(folder), "--licence", "mit")
    assert added.stdout.startswith(f"{name} "), added.stderr
    found = listed(service, name)
    assert (found["licence"], found["state"]) == ("mit", "added")
    assert f"{name}  {found['sha256'][:12]}  mit" in service.manage("encoder", "list").stdout
    assert service.manage("encoder", "remove", name).stdout == f"{name} removed\n"
    assert listed(service, name)["state"] == "removed"


def test_the_installation_has_one_from_its_first_start(service: Service) -> None:
    assert listed(service, "all-MiniLM-L6-v2")["state"] == "default"
    assert service.manage("encoder", "bundled").stdout == "all-MiniLM-L6-v2 was added before\n"


def test_each_refusal_is_one_line_that_says_what_to_do(service: Service, name: str, tmp_path: Path) -> None:
    folder = tiny.publish(tmp_path / "published", licence="")
    assert "--licence NAME" in refusal(service, "add", name, str(folder))
    assert "cannot be read" in refusal(service, "add", name, str(tmp_path / "nowhere"))
    assert "An encoder's name" in refusal(service, "add", "a b", str(folder), "--licence", "mit")
    assert "`encoder list` shows them" in refusal(service, "remove", name)


def test_a_layout_that_is_not_supported_is_refused(service: Service, name: str, tmp_path: Path) -> None:
    folder = tiny.pooled(tiny.publish(tmp_path / "published"), "cls_token")
    assert "mean over the tokens" in refusal(service, "add", name, str(folder))
