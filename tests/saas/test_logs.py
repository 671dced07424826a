"""What the processes of a running service write."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest
import redis

from tenants import isolation
from tests.end_to_end.stranger import Api
from tests.isolation import canaries
from tests.isolation.canaries import Canary
from tests.service import Service

# The servers write in their own way, and a letter that no mail server takes is not a line of the log.
OURS = ("gateway", "provisioner", "relay", "fleet")
PATIENCE = 20


@pytest.fixture(scope="module")
def bird(service: Service, django_db_setup: None, django_db_blocker: Any) -> Iterator[Canary]:
    """A customer whose every text, label and file has a word of its own, and who has done all there is to do."""
    with django_db_blocker.unblock():
        canary = canaries.hatched()
        canaries.live(service, canary)
        with canaries.client_of(service, canary) as api:
            _do_wrong(api, canary)
        of_organisation = f"/o/{canary.organisation.slug}/"
        for page in ("results/?q=", "models/", "datasets/?name="):
            list(canaries.seen(service, canary, [f"{of_organisation}{page}{canary.content}"]))
        yield canary


def _do_wrong(api: Api, canary: Canary) -> None:
    """Send what is refused, and quotes what it is refused for."""
    file = (f"{canary.content}.csv", f"{canary.content},{canary.content}\n1".encode())
    api.client.post("datasets", files={"file": file}, data={"label": canary.content})
    wrong: list[dict[str, object]] = [{canary.content: []}, {"inputs": [canary.content], "top_k": "x"}]
    for body in ({"inputs": [{canary.content: 1}]}, *wrong):
        assert api.client.post(f"models/{canary.model}/classify", json=body).status_code == 422
    assert api.client.get(f"models/{canary.content}").status_code == 404


def lines_of(text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_line_of_every_part_is_one_object(service: Service, bird: Canary) -> None:
    found = {part: lines_of(service.log(part)) for part in OURS}
    for part, lines in found.items():
        assert {line["part"] for line in lines} <= {part}, part
        assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    # The relay has nothing to say of what goes well.
    assert [part for part, lines in found.items() if not lines] in ([], ["relay"])


def test_mlflows_lines_are_written_as_ours(service: Service, bird: Canary) -> None:
    # What it prints of itself, as when it forgets a version, is no line of a log.
    found = lines_of("\n".join(line for line in service.log("registrar").splitlines() if line.startswith("{")))
    assert {line["part"] for line in found} == {"registrar"}
    assert any(line["logger"].startswith("mlflow.") for line in found)


def test_a_workers_lines_name_its_organisation(service: Service, bird: Canary) -> None:
    found = lines_of(service.worker_log(bird.tenant))
    assert {line.get("tenant", bird.tenant) for line in found} == {bird.tenant}
    assert {line["part"] for line in found} == {"worker"}
    assert any(line["logger"] == "classifier.worker" for line in found)


def test_no_log_holds_what_a_customer_sent(service: Service, bird: Canary) -> None:
    for log in (service.instance.data / "logs").rglob("*.log*"):
        assert not canaries.holds(log.read_bytes(), bird.content), log


def test_a_message_that_no_worker_understands_is_not_quoted(service: Service, bird: Canary) -> None:
    with canaries.client_of(service, bird) as api, redis.Redis.from_url(service.instance.owner_redis_url()) as broker:
        _wake(api, bird)
        broker.lpush(isolation.queue(bird.tenant, "infer"), _message(bird.content))
        deadline = time.monotonic() + PATIENCE
        while "unregistered" not in (written := service.worker_log(bird.tenant)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert not canaries.holds(written.encode(), bird.content)


def test_a_host_that_is_not_ours_leaves_one_line_in_the_log_of_the_web_processes(service: Service) -> None:
    before = len(service.log("web"))
    answer = httpx.get(service.url, headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400
    [line] = lines_of(service.log("web")[before:])
    assert (line["logger"], "trace" in line) == ("django.security.DisallowedHost", False)
    assert line["request"] == answer.headers["X-Request-Id"]


def _wake(api: Api, canary: Canary) -> None:
    """Have a worker there that answers."""
    assert api.classify(canary.model, ["the invoice"]).status_code == 200


def _message(content: str) -> bytes:
    body = json.dumps([[content], {}, {}])
    properties = {"body_encoding": None, "delivery_tag": "1", "delivery_info": {"exchange": "", "routing_key": "x"}}
    headers = {"task": "no.such.task", "id": "1", "lang": "py"}
    message = {"body": body, "headers": headers, "properties": properties}
    return json.dumps(message | {"content-type": "application/json", "content-encoding": "utf-8"}).encode()
