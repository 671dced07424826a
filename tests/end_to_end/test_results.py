import csv
import io
import time
from pathlib import Path

import pytest

from tests.end_to_end.stranger import Api


@pytest.fixture
def trained(api: Api, csv_file: Path) -> Api:
    """The API of an organisation with a model."""
    job = api.train(api.upload(csv_file)["id"], "support")
    assert job["status"] == "succeeded"
    return api


def test_a_synchronous_answer_is_found_within_two_seconds(trained: Api) -> None:
    answer = trained.classify("support", ["my invoice", "a crash"]).json()
    kept = trained.until(f"classifications/{answer['id']}", lambda found: True, seconds=2)
    assert (kept["status"], kept["results"], kept["inputs"]) == ("succeeded", answer["results"], None)
    label = answer["results"][0]["label"]
    listed = trained.get(f"classifications?label={label}&model=support&day={time.strftime('%Y-%m-%d', time.gmtime())}")
    assert [found["id"] for found in listed["data"]] == [answer["id"]]


def test_what_is_kept_follows_the_organisation(trained: Api) -> None:
    trained.client.patch("organisation", json={"retention": "30d", "keep_inputs": True}).raise_for_status()
    time.sleep(1)  # Longer than a checked key is remembered, and its organisation with it.
    kept = trained.classify("support", ["my invoice"]).json()["id"]
    assert trained.until(f"classifications/{kept}", lambda found: True, seconds=2)["inputs"] == ["my invoice"]
    answers = trained.client.get("classifications", headers={"Accept": "text/csv"})
    assert answers.headers["Content-Type"].startswith("text/csv")
    assert [row["input"] for row in csv.DictReader(io.StringIO(answers.text))] == ["my invoice"]


def test_with_retention_off_nothing_of_an_answer_stays(trained: Api) -> None:
    trained.client.patch("organisation", json={"retention": "off"}).raise_for_status()
    time.sleep(1)
    answer = trained.classify("support", ["my invoice"])
    assert answer.status_code == 200
    time.sleep(2)
    assert trained.client.get(f"classifications/{answer.json()['id']}").status_code == 404
    assert trained.get("classifications")["data"] == []
