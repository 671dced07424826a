"""The gateway and Django in the real server, in front of a real worker."""

import json
import socket
import time
from collections.abc import Iterator

import httpx2
import pytest

from classifier.gateway.request import BODY_LIMIT
from tenants.models import Organisation
from tests.service import Service

pytest_plugins = ["tests.classifier.gateway_fixtures"]

CLASSIFY = "/api/v1/models/support/classify"
TEXT = {"inputs": ["a text"]}


@pytest.fixture
def server(service: Service, initech: Organisation, initech_key: str, committed: None) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {initech_key}"}
    with httpx2.Client(base_url=service.url, headers=headers, timeout=20) as server:
        yield server


def test_a_real_worker_is_started_and_asked(server: httpx2.Client) -> None:
    # The route leads to a version that was never trained, which only the worker can tell.
    response = server.post(CLASSIFY, json=TEXT)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_the_server_lives_and_is_ready(server: httpx2.Client) -> None:
    assert server.get("/healthz").json() == {"status": "ok"}
    ready = server.get("/readyz")
    assert ready.status_code == 200
    assert ready.json().items() >= {"status": "ready", "database": True, "broker": True}.items()


def test_everything_else_is_djangos(server: httpx2.Client) -> None:
    assert server.get("/api/v1/me").json()["object"] == "me"
    assert server.get(CLASSIFY).status_code == 405
    assert server.post("/api/v1/models/support/classify/", json=TEXT).status_code == 404


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 3 * BODY_LIMIT, 30_000_000])
def test_a_caller_learns_that_its_body_is_too_large(server: httpx2.Client, size: int) -> None:
    response = server.post(CLASSIFY, content=b" " * size, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_a_body_may_come_in_chunks_of_unknown_number(server: httpx2.Client) -> None:
    chunks = iter([b'{"inputs": [', b"7", b"]}"])
    response = server.post(CLASSIFY, content=chunks, headers={"Content-Type": "application/json"})
    assert response.json()["errors"][0]["pointer"] == "/inputs/0"


@pytest.mark.parametrize(
    "target", ["/api/v1/models?q=\xff", "/o/\xff/", "/%ff%fe", "/api/v1/models/%ff/classify", "//x"]
)
def test_an_odd_address_is_no_error_of_the_server(service: Service, server: httpx2.Client, target: str) -> None:
    head = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    assert 300 <= status_of(service, head.encode("latin-1")) < 500


def test_a_caller_that_leaves_while_it_waits_disturbs_nobody(service: Service, server: httpx2.Client) -> None:
    body = json.dumps(TEXT)
    head = f"POST {CLASSIFY} HTTP/1.1\r\nHost: x\r\nAuthorization: {server.headers['Authorization']}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    for _ in range(5):
        with connected(service) as caller:
            caller.sendall(head.encode())
    time.sleep(0.3)
    assert server.post(CLASSIFY, json=TEXT).status_code == 404


def connected(service: Service) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.instance.ports["web"]), timeout=10)


def status_of(service: Service, request: bytes) -> int:
    with connected(service) as caller:
        caller.sendall(request)
        return int(caller.recv(1024).split()[1])


def test_an_upload_that_is_cut_off_becomes_no_data_set(service: Service, server: httpx2.Client) -> None:
    part = '--B\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\ntext,label\na,b\nc,d\n'
    head = f"POST /api/v1/datasets HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {server.headers['Authorization']}\r\n"
    head += f"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: {len(part) + 100}\r\n\r\n"
    before = server.get("/api/v1/datasets").json()
    with connected(service) as caller:
        caller.sendall((head + part).encode())
        time.sleep(0.2)
    time.sleep(0.5)
    assert server.get("/api/v1/datasets").json() == before
