"""Requests that are answered later stand back for those whose callers wait."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.end_to_end.stranger import Api
from tests.service import Service

LATER = {"Prefer": "respond-async"}


def test_whoever_waits_comes_before_what_is_answered_later(service: Service, acme_key: str, csv_file: Path) -> None:
    api = Api(service.url, acme_key)
    with api.client:
        assert api.train(api.upload(csv_file)["id"], "busy", quality="auto")["status"] == "succeeded"
        body = {"inputs": ["my password"] * 256, "explain": True}
        accepted = [api.client.post("models/busy/classify", json=body, headers=LATER) for _ in range(40)]
        assert {answer.status_code for answer in accepted} == {202}
        assert api.classify("busy", ["my password"]).status_code == 200
        last = accepted[-1].headers["Location"].rpartition("/")[2]
        assert api.get(f"classifications/{last}")["status"] == "queued"
        ended = api.until(f"classifications/{last}", lambda found: found["status"] == "succeeded")
        assert len(ended["results"]) == 256


def test_each_of_many_that_come_together_gets_the_answer_to_its_own_text(
    api: Api, open_api: Callable[[str], Api], globex_key: str, csv_file: Path
) -> None:
    api.train(api.upload(csv_file)["id"], "crowd")
    texts = ["my password", "the invoice", "a crash"] * 100
    now = {text: api.classify("crowd", [text]).json()["results"][0]["label"] for text in texts[:3]}
    with ThreadPoolExecutor(16) as senders:
        post = api.client.post
        asked = [senders.submit(post, "models/crowd/classify", json={"inputs": [t]}, headers=LATER) for t in texts]
        accepted = [sent.result() for sent in asked]
    assert {answer.status_code for answer in accepted} == {202}
    ids = [answer.json()["id"] for answer in accepted]
    assert len(set(ids)) == len(texts)
    found = [api.until(f"classifications/{id}", lambda found: found["status"] == "succeeded") for id in ids]
    assert [answer["results"][0]["label"] for answer in found] == [now[text] for text in texts]
    assert open_api(globex_key).client.get(f"classifications/{ids[0]}").status_code == 404
