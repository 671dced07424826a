"""What the gateway hands on arrives as it was sent, and comes back as it was answered; over real HTTP."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from tests.faults.blows import kill
from tests.service import Service


@pytest.fixture
def server(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=10) as client:
        yield client


def told(service: Service, request: bytes) -> bytes:
    """Send these bytes, and return the whole answer."""
    at = urlsplit(service.url)
    with socket.create_connection((at.hostname, at.port), timeout=10) as connection:
        connection.sendall(request.replace(b"HOST", at.netloc.encode()))
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_cookies_redirects_and_their_headers_come_back(server: httpx.Client) -> None:
    page = server.get("/accounts/login/")
    assert (page.status_code, "csrftoken" in page.cookies) == (200, True)
    assert "Content-Security-Policy" in page.headers
    away = server.get("/o/acme/")
    assert (away.status_code, urlsplit(away.headers["location"]).path) == (302, "/accounts/login/")


def test_a_question_without_a_body_is_answered_without_one(server: httpx.Client) -> None:
    answer = server.head("/accounts/login/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert server.get("/static/none.css").status_code == 404


def test_a_path_and_a_query_arrive_as_they_were_written(service: Service) -> None:
    head = b"Host: HOST\r\nConnection: close\r\n\r\n"
    assert b" 404 " in told(service, b"GET /o/a%2Fb/?q=%2F&x=a%20b HTTP/1.1\r\n" + head)[:20]
    answer = told(service, b"GET /o/acme/?q=a%2Fb%20\xc3\xa9 HTTP/1.1\r\n" + head)
    assert b"a%252Fb%2520%25C3%25A9" in answer.split(b"\r\n\r\n")[0]


def test_who_the_client_is_cannot_be_made_up(server: httpx.Client) -> None:
    """Failed sign-ins are counted by the client's address, so a made up one would be a way around that."""
    statuses = []
    for number in range(40):
        token = server.get("/accounts/login/").cookies["csrftoken"]
        form = {"csrfmiddlewaretoken": token, "login": f"nobody{number}@example.test", "password": "wrong"}
        made_up = {"X-Assort-Client": f"10.0.0.{number}", "X-Forwarded-For": f"10.0.0.{number}"}
        statuses.append(server.post("/accounts/login/", data=form, headers=made_up).status_code)
    assert 429 in statuses


def test_nobody_gets_past_the_gateway(service: Service) -> None:
    behind = f"http://127.0.0.1:{service.instance.ports['pages']}/accounts/login/"
    for headers in ({}, {"X-Assort-Client": "127.0.0.1"}, {"X-Assort-Client": "guessed 127.0.0.1"}):
        assert httpx.get(behind, headers=headers).status_code == 403


def test_without_web_processes_it_says_so_and_goes_on_with_the_next(service: Service, server: httpx.Client) -> None:
    kill(service, "web")
    assert server.get("/accounts/login/").status_code == 200
