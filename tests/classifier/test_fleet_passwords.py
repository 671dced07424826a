"""A host that is one customer's own knows the passwords that it was given, and no others."""

from typing import Any

import pytest

from classifier.fleet import passwords
from tenants.errors import InvalidInput

ACME, GLOBEX = "a" * 16, "g" * 16


@pytest.fixture(autouse=True)
def _given(settings: Any) -> None:
    settings.FLEET_SECRET = "what all follow from"
    settings.WORKER_PASSWORDS = {ACME: {"postgres": "one", "broker": "other"}}


def test_it_uses_what_it_was_given_and_computes_none() -> None:
    assert [passwords.of_worker(ACME, use) for use in ("postgres", "broker")] == ["one", "other"]
    with pytest.raises(KeyError):
        passwords.of_worker(GLOBEX, "postgres")


@pytest.mark.parametrize("only", [[], [GLOBEX], [ACME, GLOBEX]])
def test_it_does_not_begin_to_serve_whom_it_could_not_log_in_as(only: list[str]) -> None:
    passwords.check([ACME])
    with pytest.raises(InvalidInput, match="print its secret anew"):
        passwords.check(only)


def test_a_host_for_everybody_computes_them(settings: Any) -> None:
    settings.WORKER_PASSWORDS = {}
    passwords.check([])
    found = {passwords.of_worker(tenant, use) for tenant in (ACME, GLOBEX) for use in ("postgres", "broker")}
    assert len(found) == 4
