"""A new customer's first call, before anything was uploaded, and the operator's commands."""

from collections.abc import Callable

from classifier.datasets import SAMPLE
from tests.end_to_end.stranger import Api
from tests.service import Service

QUESTION = "I forgot my password and cannot sign in"


def test_the_first_call_of_a_new_customer_is_answered(service: Service, api: Api) -> None:
    answer = api.classify("assort.support", [QUESTION, "where is my parcel?"], top_k=2).json()
    assert [result["label"] for result in answer["results"]] == ["account", "delivery"]
    assert (answer["model"], answer["version"]) == ("assort.support", 1)
    tenant = api.get("me")["organisation"]["id"].removeprefix("org_")
    assert f"worker of {tenant} for infer" in service.worker_log(tenant)


def test_a_version_may_be_pinned_and_one_that_is_none_is_not_found(api: Api) -> None:
    assert api.classify("assort.support@1", [QUESTION]).status_code == 200
    assert api.classify("assort.support@99", [QUESTION]).status_code == 404
    assert api.classify("assort.none", [QUESTION]).status_code == 404


def test_it_may_be_answered_later(api: Api) -> None:
    later = {"Prefer": "respond-async"}
    accepted = api.client.post("models/assort.support/classify", json={"inputs": [QUESTION]}, headers=later)
    kept = api.until(f"classifications/{accepted.json()['id']}", lambda found: found["status"] == "succeeded")
    assert (kept["model"], kept["results"][0]["label"]) == ("assort.support", "account")


def test_a_model_starts_from_it(api: Api) -> None:
    dataset = api.upload(SAMPLE)
    options = {"options": {"base": "assort.support"}}
    started = api.client.post("training_jobs", json={"dataset": dataset["id"], "model": "own", **options})
    ended = api.until(f"training_jobs/{started.json()['id']}", lambda found: found["finished_at"] is not None)
    assert (ended["status"], ended["options"]["base"]) == ("succeeded", "assort.support@1")
    assert api.classify("own", [QUESTION]).json()["results"][0]["label"] == "account"


def test_an_operator_publishes_and_withdraws(service: Service, name: str, open_api: Callable[[str], Api]) -> None:
    made = service.create_organisation(name, f"{name}@example.test")
    api = open_api(made["key"])
    api.train(api.upload(SAMPLE)["id"], "mine")
    done = service.manage("model", "publish", made["slug"], "mine", "1", "--as", name)
    assert (done.returncode, done.stdout) == (0, f"assort.{name}@1\n"), done.stderr
    assert api.classify(f"assort.{name}", [QUESTION]).status_code == 200
    assert f"assort.{name}@1" in service.manage("model", "list").stdout
    assert service.manage("model", "withdraw", name).stdout == "1 withdrawn\n"
    api.until("models", lambda found: f"assort.{name}" not in [model["name"] for model in found["data"]])
    assert api.classify(f"assort.{name}", [QUESTION]).status_code == 404


def test_what_cannot_be_published_says_why(service: Service) -> None:
    unknown = service.manage("model", "publish", "nobody", "mine", "1", "--as", "x")
    assert (unknown.returncode, "There is no active organisation 'nobody'" in unknown.stderr) == (1, True)
    missing = service.manage("model", "publish", "assort-models", "support", "99", "--as", "x")
    assert "assort-models has no version support@99" in missing.stderr


def test_the_sample_is_published_once(service: Service) -> None:
    assert service.manage("sample", "publish").stdout == "assort.support was published before\n"
