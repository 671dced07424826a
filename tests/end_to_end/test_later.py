"""Requests that are answered later stand back for those whose callers wait."""

from pathlib import Path

from tests.end_to_end.stranger import Api
from tests.service import Service

LATER = {"Prefer": "respond-async"}


def test_whoever_waits_comes_before_what_is_answered_later(service: Service, acme_key: str, csv_file: Path) -> None:
    api = Api(service.url, acme_key)
    with api.client:
        api.train(api.upload(csv_file)["id"], "busy")
        body = {"inputs": ["my password"] * 256, "explain": True}
        accepted = [api.client.post("models/busy/classify", json=body, headers=LATER) for _ in range(40)]
        assert {answer.status_code for answer in accepted} == {202}
        assert api.classify("busy", ["my password"]).status_code == 200
        last = accepted[-1].headers["Location"].rpartition("/")[2]
        assert api.get(f"classifications/{last}")["status"] == "queued"
        ended = api.until(f"classifications/{last}", lambda found: found["status"] == "succeeded")
        assert len(ended["results"]) == 256
