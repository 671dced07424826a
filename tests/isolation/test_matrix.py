"""Every route of the API with every method it has, asked by those who must not get through.

The routes come from the URL configuration, so a new one is covered from its first day, and one without a cell in
`CELLS` fails. The questions go to the running service over HTTP, where the gateway has its own route.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx
import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from classifier import later
from saas.instance import ROOT
from tenants import isolation, keys
from tenants.models import Organisation
from tenants.permissions import Scope
from tests import universe
from tests.classifier import rows
from tests.isolation import neighbours
from tests.service import Service

API = "api/v1/"
CLASSIFY = ("classify", "POST")

Names = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """What a call takes: its scope, and a body where there is one, which may name an object."""

    scope: Scope
    body: Callable[[Names], dict[str, Any]] = field(default=lambda names: {})
    # The body names an object of the organisation.
    names_one: bool = False


READ, TRAIN, ADMIN, ANSWERS = (Cell(scope) for scope in (Scope.READ, Scope.TRAIN, Scope.ADMIN, Scope.CLASSIFY))

CELLS: dict[tuple[str, str], Cell] = {
    ("api_me", "GET"): READ,
    ("api_organisation", "PATCH"): Cell(Scope.ADMIN, lambda names: {"json": {"retention": "24h"}}),
    ("api_keys", "GET"): ADMIN,
    ("api_keys", "POST"): Cell(Scope.ADMIN, lambda names: {"json": {"scopes": ["read"]}}),
    ("api_key", "DELETE"): ADMIN,
    ("api_key", "PATCH"): Cell(Scope.ADMIN, lambda names: {"json": {"rows_per_month_cap": None}}),
    ("api_usage", "GET"): READ,
    ("api_datasets", "GET"): READ,
    ("api_datasets", "POST"): Cell(Scope.TRAIN, lambda names: {"files": {"file": ("a.csv", rows.MESSAGES)}}),
    ("api_dataset", "GET"): READ,
    ("api_dataset", "DELETE"): ADMIN,
    ("api_dataset_rows", "GET"): READ,
    ("api_dataset_rows", "POST"): Cell(Scope.TRAIN, lambda names: {"json": [{"text": "a", "label": "bug"}]}),
    ("api_dataset_report", "GET"): READ,
    ("api_training_jobs", "GET"): READ,
    ("api_training_jobs", "POST"): Cell(
        Scope.TRAIN, lambda names: {"json": {"dataset": names["dataset_id"], "model": "support"}}, names_one=True
    ),
    ("api_training_job", "GET"): READ,
    ("api_training_job_cancel", "POST"): TRAIN,
    ("api_training_job_events", "GET"): READ,
    ("api_models", "GET"): READ,
    ("api_model", "GET"): READ,
    ("api_model", "PATCH"): Cell(Scope.TRAIN, lambda names: {"json": {"policy": "auto"}}),
    ("api_model", "DELETE"): ADMIN,
    ("api_model_versions", "GET"): READ,
    ("api_model_version", "GET"): READ,
    ("api_model_version", "PATCH"): Cell(Scope.TRAIN, lambda names: {"json": {"threshold": 0.5}}),
    ("api_model_version_silence", "GET"): READ,
    ("api_model_promote", "POST"): Cell(Scope.TRAIN, lambda names: {"json": {"version": 1}}),
    ("api_model_rollback", "POST"): TRAIN,
    ("api_classifications", "GET"): ANSWERS,
    ("api_classification", "GET"): ANSWERS,
    CLASSIFY: Cell(Scope.CLASSIFY, lambda names: {"json": {"inputs": ["the invoice"]}}),
}
# What differs between any two answers: when they were given, and how many more may come.
VARY = {"date", "ratelimit"}
# What does not exist, with the same parameters as what does.
NOBODYS: Names = {
    "dataset_id": f"ds_{'0' * 20}",
    "job_id": f"job_{'0' * 20}",
    "classification_id": f"cls_{'0' * 20}",
    "key_id": f"key_{'0' * 20}",
    "model": "no-such-model",
    "number": 1,
}


def api_patterns(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from api_patterns(pattern, route)
        elif route.startswith(API):
            yield route, pattern


def parameters_of(name: str) -> set[str]:
    if name == "classify":
        return {"model"}
    return next(set(pattern.pattern.converters) for _, pattern in api_patterns() if pattern.name == name)


ROUTES = [
    (str(pattern.name), method) for _, pattern in api_patterns() for method in vars(pattern.callback)["cls"].scopes
]
CALLS = [*ROUTES, CLASSIFY]
# A HEAD tells that something is there, and how long it is.
READS = [(name, read) for name, method in ROUTES if method == "GET" for read in ("GET", "HEAD")]
QUESTIONS = [*CALLS, *(call for call in READS if call not in CALLS)]


def cell(call: tuple[str, str]) -> Cell:
    name, method = call
    return CELLS[name, "GET" if method == "HEAD" else method]


def names_something(call: tuple[str, str]) -> bool:
    return bool(parameters_of(call[0])) or (call in CELLS and CELLS[call].names_one)


def told(answer: httpx.Response) -> dict[str, str]:
    """Return the headers of an answer, but for what any two answers differ in."""
    return {name: value for name, value in answer.headers.items() if name not in VARY}


@dataclass(frozen=True)
class World:
    """An organisation that has one of everything, and a key of another."""

    url: str
    organisation: Organisation
    key: str
    stranger: str
    session: httpx.Cookies
    names: Names

    def ask(
        self,
        call: tuple[str, str],
        key: str | None,
        names: Names | None = None,
        *,
        session: httpx.Cookies | None = None,
    ) -> httpx.Response:
        name, method = call
        names = names or self.names
        given = {parameter: names[parameter] for parameter in parameters_of(name)}
        path = f"/api/v1/models/{names['model']}/classify" if name == "classify" else reverse(name, kwargs=given)
        headers = {"X-Request-Id": "matrix"} | ({"Authorization": f"Bearer {key}"} if key else {})
        if session:
            headers |= {"Cookie": "; ".join(f"{name}={value}" for name, value in session.items())}
        return httpx.request(method, self.url + path, headers=headers, timeout=30, **cell(call).body(names))

    def key_with(self, *scopes: str) -> str:
        return keys.issue(organisation=self.organisation, name="narrow", scopes=scopes, by="alice")[1]


@pytest.fixture(scope="module")
def world(service: Service, django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock():
        owner = universe.person("olga")
        ours, key = universe.organisation("Ours", owner)
        _, stranger = universe.organisation("Theirs", universe.person("theo"))
        # Within one transaction, so that no worker takes over what is done here.
        with transaction.atomic(), isolation.entered(ours):
            version = rows.trained(ours, model="our-letters")
            kept = later.accept(
                later.Later(
                    model="our-letters", version=1, inputs=["a"], top_k=1, explain=False, api_key="key_of_nobody"
                )
            )
        row, _ = keys.issue(organisation=ours, name="spare", scopes=["read"], by="olga")
        names = {
            "dataset_id": version.dataset_id,
            "job_id": version.training_job.id,
            "classification_id": kept.id,
            "key_id": row.id,
            "model": "our-letters",
            "number": 1,
        }
        with neighbours.browser(service, owner) as browser:
            yield World(service.url, ours, key, stranger, browser.cookies, names)


@pytest.mark.control
def test_every_route_has_a_cell_and_every_cell_a_route() -> None:
    assert set(CALLS) == set(CELLS)


@pytest.mark.control
def test_every_operation_of_the_document_has_a_cell() -> None:
    document = json.loads((ROOT / "openapi.json").read_text())
    found = {(name_of(path), method.upper()) for path, operations in document["paths"].items() for method in operations}
    assert found == set(CALLS)


def name_of(path: str) -> str:
    """Return what the URL configuration calls an address of the document; the gateway's own it does not know."""
    if path.endswith("/classify"):
        return CLASSIFY[0]
    return str(resolve(path.replace("{number}", "1").replace("{", "").replace("}", "")).url_name)


@pytest.mark.control
def test_every_parameter_of_a_route_has_somebody_who_is_nobody() -> None:
    assert {parameter for name, _ in ROUTES for parameter in parameters_of(name)} == set(NOBODYS)


@pytest.mark.proves("API", "code", "Every call without a key, and with one that nobody was given")
@pytest.mark.parametrize("call", QUESTIONS, ids="-".join)
@pytest.mark.parametrize("key", [None, "ak_live_000000000000_00000000000000000000000000000000000000"])
def test_without_a_key_nobody_gets_in(world: World, call: tuple[str, str], key: str | None) -> None:
    answer = world.ask(call, key)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.proves("API", "code", "Every call with the session of the organisation's owner in place of a key")
@pytest.mark.parametrize("call", QUESTIONS, ids="-".join)
def test_a_session_is_no_key(world: World, call: tuple[str, str]) -> None:
    with_session = world.ask(call, None, session=world.session)
    assert with_session.status_code == 401


@pytest.mark.proves("API", "code", "Every call with a key that has all scopes but the one it takes")
@pytest.mark.parametrize("call", QUESTIONS, ids="-".join)
def test_a_key_without_the_scope_is_told_which_it_lacks(world: World, call: tuple[str, str]) -> None:
    scope = cell(call).scope
    answer = world.ask(call, world.key_with(*(other for other in Scope if other != scope)))
    assert answer.status_code == 403
    if call[1] != "HEAD":
        assert answer.json()["code"] == "missing_scope"
        assert f"`{scope}`" in answer.json()["detail"]


@pytest.mark.proves(
    "API",
    "PostgreSQL, code",
    "Every call that names an object, in its path or body, with the key of another organisation",
)
@pytest.mark.parametrize("call", [call for call in QUESTIONS if names_something(call)], ids="-".join)
def test_what_is_not_yours_does_not_exist(world: World, call: tuple[str, str]) -> None:
    ours, nobodys = world.ask(call, world.stranger), world.ask(call, world.stranger, NOBODYS)
    assert (ours.status_code, ours.content) == (nobodys.status_code, nobodys.content)
    assert told(ours) == told(nobodys)
    assert ours.status_code == 404
    if call[1] != "HEAD":
        assert ours.json()["code"] == "not_found"


@pytest.mark.proves("API", "PostgreSQL, code", "Every list with the key of another organisation")
@pytest.mark.parametrize("call", [call for call in READS if not names_something(call)], ids="-".join)
def test_a_list_shows_a_stranger_nothing_of_ours(world: World, call: tuple[str, str]) -> None:
    answer = world.ask(call, world.stranger)
    assert answer.status_code == 200
    assert not [name for name in map(str, world.names.values()) if len(name) > 1 and name in answer.text]
    assert world.organisation.tenant not in answer.text


@pytest.mark.control
@pytest.mark.parametrize("call", READS, ids="-".join)
def test_a_key_of_ours_with_just_that_scope_reads_all_of_it(world: World, call: tuple[str, str]) -> None:
    answer = world.ask(call, world.key_with(cell(call).scope))
    assert answer.status_code == 200


@pytest.mark.control
def test_a_key_of_ours_with_just_that_scope_classifies(world: World) -> None:
    assert world.ask(CLASSIFY, world.key_with(Scope.CLASSIFY)).status_code == 200


@pytest.mark.proves("gateway", "PostgreSQL, code", "Classifying with a version of another organisation's model")
def test_a_stranger_may_not_classify_with_a_version_of_ours(world: World) -> None:
    pinned = {**world.names, "model": "our-letters@1"}
    ours, nobodys = world.ask(CLASSIFY, world.stranger, pinned), world.ask(CLASSIFY, world.stranger, NOBODYS)
    assert (ours.status_code, ours.json()) == (404, nobodys.json())


@pytest.mark.proves("gateway", "PostgreSQL, code", "Following another organisation's training as a stream of events")
def test_a_stranger_may_not_follow_a_training_of_ours(world: World) -> None:
    ours, nobodys = follow(world, world.stranger), follow(world, world.stranger, NOBODYS["job_id"])
    assert (ours.status_code, ours.content) == (404, nobodys.content)
    assert told(ours) == told(nobodys)
    assert follow(world, None).status_code == 401


@pytest.mark.control
def test_a_training_of_ours_may_be_followed(world: World) -> None:
    answer = follow(world, world.key_with(Scope.READ))
    assert answer.status_code == 200
    assert "event: done" in answer.text


def follow(world: World, key: str | None, job: str = "") -> httpx.Response:
    headers = {"Accept": "text/event-stream", "X-Request-Id": "matrix"}
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    address = f"{world.url}/api/v1/training_jobs/{job or world.names['job_id']}/events"
    return httpx.get(address, headers=headers, timeout=30)
