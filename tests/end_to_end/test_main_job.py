"""From sign-up to classification, on the real processes, as somebody who has just come by."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tenants.models import Plan
from tests import universe
from tests.end_to_end.stranger import Api, Browser
from tests.service import Service

KEY = re.compile(r"ak_live_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}")


def sign_up(browser: Browser, name: str) -> None:
    home = browser.submit(
        "/accounts/signup/",
        email=f"{name}@example.test",
        password1="correct-horse-battery",
        organisation=name.title(),
        slug=name,
    )
    assert f"/o/{name}/" in str(home.url), home.text[:2000]


def make_key(browser: Browser, name: str) -> str:
    page = browser.submit(f"/o/{name}/keys/create/", name="laptop", scopes=["read", "classify", "train"])
    found = KEY.search(page.text)
    assert found is not None, page.text[:2000]
    return found[0]


def test_a_stranger_gets_from_sign_up_to_an_answer(
    browser: Browser, open_api: Callable[[str], Api], name: str, csv_file: Path
) -> None:
    sign_up(browser, name)
    api = open_api(make_key(browser, name))
    dataset = api.upload(csv_file, name="messages")
    assert (dataset["status"], dataset["kind"]) == ("ready", "text")
    job = api.train(dataset["id"], "support", quality="auto")
    assert (job["status"], job["version"]) == ("succeeded", 1)
    answer = api.classify("support", ["my password is wrong", "the invoice is too high"])
    assert [result["label"] for result in answer.json()["results"]] == ["account", "billing"]


def test_an_answer_comes_from_the_organisations_own_worker(service: Service, api: Api, csv_file: Path) -> None:
    api.train(api.upload(csv_file)["id"], "support")
    api.classify("support", ["my password"])
    tenant = api.get("me")["organisation"]["id"].removeprefix("org_")
    assert f"worker of {tenant} for infer" in service.worker_log(tenant)


def test_a_request_may_be_answered_later(api: Api, csv_file: Path) -> None:
    api.train(api.upload(csv_file)["id"], "support")
    later = {"Prefer": "respond-async"}
    accepted = api.client.post("models/support/classify", json={"inputs": ["a crash"]}, headers=later)
    assert (accepted.status_code, accepted.json()["status"]) == (202, "queued")
    kept = api.until(f"classifications/{accepted.json()['id']}", lambda found: found["status"] == "succeeded")
    assert kept["results"][0]["label"] == "bug"


@pytest.fixture
def many_rows(tmp_path: Path) -> Path:
    """Rows on which a training takes a while."""
    lines = "\n".join(f"some words number {n} and {n * 7919 % 1000},label{n % 50}" for n in range(20_000))
    path = tmp_path / "many.csv"
    path.write_text(f"text,label\n{lines}\n")
    return path


def test_a_running_training_is_canceled_within_seconds(api: Api, many_rows: Path) -> None:
    job = api.start_training(api.upload(many_rows)["id"], "large")
    api.until(f"training_jobs/{job}", lambda found: found["status"] == "running")
    started = time.monotonic()
    assert api.client.post(f"training_jobs/{job}/cancel").status_code == 200
    ended = api.until(f"training_jobs/{job}", lambda found: found["finished_at"] is not None)
    assert ended["status"] == "canceled"
    assert time.monotonic() - started < 5


def test_the_stranger_next_door_gets_the_same_404_for_everything(
    service: Service, api: Api, open_api: Callable[[str], Api], name: str, csv_file: Path
) -> None:
    theirs = open_api(service.create_organisation(f"{name}-2", f"{name}-2@example.test")["key"])
    dataset = theirs.upload(csv_file)
    job = theirs.train(dataset["id"], "support")
    api.client.headers["X-Request-Id"] = "same"
    paths = (f"datasets/{dataset['id']}", f"training_jobs/{job['id']}", "models/support", "models/none")
    answers = [api.client.get(path) for path in paths] + [api.classify(name, ["x"]) for name in ("support", "none")]
    assert len({(answer.status_code, str(sorted(answer.json().items()))) for answer in answers}) == 1
    assert answers[0].status_code == 404


def test_a_revoked_key_is_refused_within_a_second_by_the_gateway(api: Api, open_api: Callable[[str], Api]) -> None:
    made = api.client.post("api_keys", json={"scopes": ["classify"], "name": "short"}).json()
    other = open_api(made["key"])
    # So often that the gateway looks it up no longer, and relies on being told.
    for _ in range(3):
        assert other.classify("support", ["x"]).status_code == 404
        time.sleep(1)
    api.client.delete(f"api_keys/{made['id']}")
    time.sleep(1)
    assert other.classify("support", ["x"]).status_code == 401


def test_a_training_ends_at_the_plans_limit(committed: None, open_api: Callable[[str], Api], many_rows: Path) -> None:
    Plan.objects.get_or_create(name="brief", defaults={"training_seconds": 1})
    _, key = universe.organisation("Brief", universe.person("peter"), plan="brief")
    api = open_api(key)
    ended = api.train(api.upload(many_rows)["id"], "large", quality="auto")
    assert (ended["status"], ended["error"]["code"]) == ("failed", "too_long")
    assert "ask for a larger plan" in ended["error"]["detail"]


def test_a_file_with_more_rows_than_the_plan_allows_is_rejected(
    committed: None, open_api: Callable[[str], Api], csv_file: Path
) -> None:
    Plan.objects.get_or_create(name="narrow", defaults={"dataset_rows": 10})
    _, key = universe.organisation("Narrow", universe.person("peter"), plan="narrow")
    dataset = open_api(key).upload(csv_file)
    assert (dataset["status"], dataset["problems"][0]["code"]) == ("rejected", "too_many_rows")
