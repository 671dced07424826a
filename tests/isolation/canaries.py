"""Organisations whose every value carries a word of their own, which do everything there is to do."""

import base64
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2 as httpx
import psycopg

from tenants import ids
from tenants.models import Organisation, User
from tests import universe
from tests.end_to_end.stranger import Api
from tests.isolation import neighbours
from tests.service import Service

KINDS = ("billing", "account", "bug")


@dataclass(frozen=True)
class Canary:
    """One organisation. `name` is in what it is called by, `content` in its rows, labels and questions alone."""

    organisation: Organisation
    owner: User
    key: str
    name: str
    content: str

    @property
    def tenant(self) -> str:
        return self.organisation.tenant

    @property
    def model(self) -> str:
        return f"model-{self.name}"

    @property
    def words(self) -> tuple[str, str]:
        return self.name, self.content


def hatched() -> Canary:
    name, content = f"cnryn{ids.random_text(12)}", f"cnryc{ids.random_text(12)}"
    owner = universe.person(f"owner-{name}")
    organisation, key = universe.organisation(name, owner)
    return Canary(organisation, owner, key, name, content)


def needles(word: str) -> list[bytes]:
    """Return the word as it may stand in bytes: plain, and at each place within what travels in base64."""
    plain = word.encode()
    # The first and the last characters depend on what stands beside the word.
    encoded = [
        base64.b64encode(b"\0" * before + plain)[first : (before + len(plain)) * 8 // 6]
        for before, first in enumerate((0, 2, 3))
    ]
    return [plain, *encoded]


def holds(content: bytes, word: str) -> bool:
    return any(needle in content for needle in needles(word))


def live(service: Service, canary: Canary) -> None:
    """Do all that a customer does, by the API and on the pages, and return when it has been done."""
    with client_of(service, canary) as api:
        api.client.patch("organisation", json={"retention": "30d", "keep_inputs": True}).raise_for_status()
        api.client.post("api_keys", json={"scopes": ["read"], "name": canary.name}).raise_for_status()
        dataset = _uploaded(api, canary)
        for _ in range(2):
            api.train(dataset, canary.model)
        _grow(api, canary, dataset)
        inputs = [f"the {canary.content} invoice", f"my {canary.content} password"]
        assert api.classify(canary.model, inputs, explain=True).status_code == 200
        _ask_for_later(api, canary, inputs)
        api.client.post(f"models/{canary.model}/promote", json={"version": 2}).raise_for_status()
        api.client.post(f"models/{canary.model}/rollback").raise_for_status()
        _adopt(service, api, canary)
        assert api.classify(canary.model, inputs).status_code == 200


@contextmanager
def client_of(service: Service, canary: Canary) -> Iterator[Api]:
    api = Api(service.url, canary.key)
    with api.client:
        yield api


def _rows(canary: Canary) -> str:
    lines = [f"the {kind} of {canary.content} number {n},{kind}-{canary.content}" for kind in KINDS for n in range(12)]
    return "text,label\n" + "\n".join(lines) + "\n"


def _uploaded(api: Api, canary: Canary) -> str:
    file = (f"{canary.name}.csv", io.BytesIO(_rows(canary).encode()))
    made = api.client.post("datasets", files={"file": file}, data={"name": canary.name})
    made.raise_for_status()
    return str(api.until(f"datasets/{made.json()['id']}", lambda found: found["status"] == "ready")["id"])


def _grow(api: Api, canary: Canary, dataset: str) -> None:
    more = [{"text": f"one {canary.content} more", "label": f"bug-{canary.content}"}]
    headers = {"Idempotency-Key": canary.content}
    grown = api.client.post(f"datasets/{dataset}/rows", json=more, headers=headers)
    grown.raise_for_status()
    api.until(f"datasets/{grown.json()['id']}", lambda found: found["status"] == "ready")


def _ask_for_later(api: Api, canary: Canary, inputs: list[str]) -> None:
    body = {"inputs": inputs, "explain": True}
    accepted = api.client.post(f"models/{canary.model}/classify", json=body, headers={"Prefer": "respond-async"})
    accepted.raise_for_status()
    api.until(f"classifications/{accepted.json()['id']}", lambda found: found["status"] == "succeeded")


def _adopt(service: Service, api: Api, canary: Canary) -> None:
    """Make the second version champion in MLflow, as an outside pipeline does, and wait until it serves."""
    name = f"{canary.tenant}.{canary.model}"
    url = service.instance.environment("registrar")["MLFLOW_DATABASE_URL"]
    moved = "UPDATE registered_model_aliases SET version = 2 WHERE name = %s AND alias = 'champion' AND version = 1"

    def is_done(model: dict[str, object]) -> bool:
        with psycopg.connect(url) as mlflow:
            mlflow.execute(moved, [name])
        return model["champion"] == 2

    api.until(f"models/{canary.model}", is_done)


def seen(service: Service, canary: Canary, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield all that this organisation is shown: pages with its owner's session, and answers to its key."""
    with neighbours.browser(service, canary.owner) as browser, client_of(service, canary) as api:
        for path in paths:
            is_call = path.startswith("/api/v1/")
            answer: httpx.Response = api.client.get(path.removeprefix("/api/v1/")) if is_call else browser.get(path)
            yield path, answer.content + json.dumps(dict(answer.headers)).encode()
