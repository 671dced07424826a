import os

import pytest

from classifier import landlock
from tests.prove import walls


def test_a_machine_that_has_it_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(landlock, "abi", lambda: 4)
    assert walls.lacking(["root", "landlock"]) == ""


def test_a_machine_that_does_not_says_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    assert walls.lacking(["root", "landlock"]) == (
        "it needs root, and this run is user 1000; this kernel has no Landlock"
    )


def test_a_wall_that_nobody_knows_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        walls.lacking(["wings"])
