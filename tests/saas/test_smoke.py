"""`./assort smoke` against the running service: what it says, and that nothing of it stays."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from saas import smoke
from saas.instance import ROOT
from saas.ports import free
from saas.smoke import customer
from tenants import keys
from tenants.models import Organisation, User
from tests import universe
from tests.end_to_end.stranger import Api
from tests.service import Service

LISTS = ("datasets", "models", "training_jobs", "api_keys")
LIVING = (Organisation.Status.ACTIVE, Organisation.Status.REQUESTED, Organisation.Status.SUSPENDED)


@pytest.fixture
def key(committed: None) -> str:
    return universe.organisation("Smoked", universe.person("sam"))[1]


def assort_smoke(*arguments: str, key: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "saas.commandline", "smoke", *arguments]
    environment = {"ASSORT_KEY": key, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=250)


def ids(service: Service, key: str) -> dict[str, list[Any]]:
    api = Api(service.url, key)
    with api.client:
        return {kind: [each["id"] for each in api.get(f"{kind}?limit=100")["data"]] for kind in LISTS}


def in_process(service: Service, key: str, seconds: float = 200) -> smoke.Report:
    report = smoke.Report(service.url)
    smoke.run(service.url, key=key, seconds=seconds, report=report)
    return report


def failures(report: smoke.Report) -> dict[str, str]:
    return {step.step: step.said for step in report.steps if not step.ok}


def test_with_a_key_all_steps_hold_and_nothing_stays(service: Service, key: str, tmp_path: Path) -> None:
    before = ids(service, key)
    done = assort_smoke("--url", service.url, "--json", str(tmp_path / "smoke.json"), key=key)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((tmp_path / "smoke.json").read_text())
    assert (told["ok"], len(told["steps"])) == (True, done.stdout.count(" s  ok\n"))
    assert "it is rolled back" in done.stdout
    assert ids(service, key) == before


def test_without_one_it_signs_up_and_its_account_and_organisation_go_too(service: Service, committed: None) -> None:
    def there() -> tuple[set[int], set[str]]:
        organisations = Organisation.objects.filter(status__in=LIVING)
        return set(User.objects.values_list("pk", flat=True)), {each.slug for each in organisations}

    before = there()
    done = assort_smoke("--url", service.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the account is deleted" in done.stdout
    assert there() == before


def test_where_nobody_answers_it_says_so_in_one_line() -> None:
    done = assort_smoke("--url", f"http://127.0.0.1:{free({})}")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "does not answer" in done.stderr


def test_where_a_letter_would_be_read_it_asks_for_a_key_at_once() -> None:
    done = assort_smoke("--url", "https://127.0.0.1:9")
    assert (done.returncode, done.stderr.count("\n"), "--key" in done.stderr) == (1, 1, True)


def test_a_wrong_answer_is_told_and_all_is_cleared_away(
    service: Service, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ids(service, key)
    monkeypatch.setattr(customer, "LABEL", "nonsense")
    assert "version 1 says 'account'" in failures(in_process(service, key))["a text is classified"]
    assert ids(service, key) == before


def test_a_training_that_is_not_waited_for_is_cleared_away_as_well(
    service: Service, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, asked = ids(service, key), customer.Customer._until

    def impatient(self: customer.Customer, path: str, condition: Callable[[Any], bool], seconds: Any = None) -> Any:
        if path.startswith("training_jobs/"):
            monkeypatch.setattr(customer.Customer, "_until", asked)
            raise smoke.Failed("this takes too long")
        return asked(self, path, condition, seconds)

    monkeypatch.setattr(customer.Customer, "_until", impatient)
    assert failures(in_process(service, key)) == {"a model is trained": "this takes too long"}
    assert ids(service, key) == before


def test_it_ends_when_its_time_is_over(service: Service, key: str) -> None:
    before = ids(service, key)
    assert ["not done within 0 s" in said for said in failures(in_process(service, key, seconds=0.3)).values()] == [
        True
    ]
    assert ids(service, key) == before


def test_a_refusal_is_told_with_its_status_and_reason(service: Service, key: str) -> None:
    told = failures(in_process(service, f"ak_live_{'0' * 12}_{'0' * 38}"))
    assert list(told) == ["the key may do all"]
    assert told["the key may do all"].startswith("GET /api/v1/me: 401 instead of 200: ")


def test_a_key_that_may_not_do_all_is_told_apart(service: Service, committed: None) -> None:
    owner = universe.person("sam")
    organisation, _ = universe.organisation("Smoked", owner)
    _, reader = keys.issue(organisation=organisation, name="reads", scopes=["read"], by=owner.email)
    told = failures(in_process(service, reader))
    assert told == {"the key may do all": "the key lacks admin, classify, train: give one with all four scopes"}
