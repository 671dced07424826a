"""HTTP that somebody made up: hosts, addresses of others, more than there is room for, and senders that wait."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from classifier.gateway.http import BODY_SECONDS
from saas import introduction
from tests.abuse import odd, wire
from tests.abuse.conftest import QUIET, REFUSED_SECONDS, Ours, Recorder
from tests.end_to_end.stranger import TOKEN
from tests.form import SEED, cases
from tests.service import Service

HOSTS = cases(short=200, long=5_000)
EVIL = b"evil.example"
PAGES = [b"/", b"/accounts/login/", b"/accounts/password/reset/", b"/accounts/signup", b"/o/acme/", b"/o/acme"]
ADDRESSES = [*PAGES, b"/api/docs", b"/api/v1/me", b"/healthz", b"/operators/", b"/static/nothing.css"]

# --- Hosts -----------------------------------------------------------------------------------------------------------


@st.composite
def hosts(draw: st.DrawFn) -> bytes:
    """The lines that say for which host a request is, all of them wrong in some way."""
    port = b"%d" % draw(st.sampled_from([80, 443, 8000, 0, 65_536, 10**20]))
    name = draw(
        st.sampled_from(
            [
                EVIL,
                EVIL + b":" + port,
                b"127.0.0.1@" + EVIL,
                EVIL + b"@127.0.0.1",
                b"127.0.0.1." + EVIL,
                b"127.0.0.1:" + port + b"@" + EVIL,
                b"127.0.0.1#" + EVIL,
                b"127.0.0.1/" + EVIL,
                b"127.0.0.1\\" + EVIL,
                b"//" + EVIL,
                b"[::1]." + EVIL,
                b"[" + EVIL + b"]",
                b"127.0.0.1, " + EVIL,
                b"127.0.0.1 " + EVIL,
                b"localhost." + EVIL + b".",
                b"xn--" + EVIL,
            ]
        )
        | odd.octets.map(lambda octets: octets.replace(b"\n", b"").replace(b"\r", b"") + EVIL)
        | odd.octets.map(lambda octets: EVIL + octets.replace(b"\n", b"").replace(b"\r", b""))
    )
    lines = {
        "host": b"Host: " + name,
        "two": b"Host: 127.0.0.1\r\nHost: " + name,
        "two, turned round": b"Host: " + name + b"\r\nHost: 127.0.0.1",
        "forwarded": b"Host: 127.0.0.1\r\nX-Forwarded-Host: " + name + b"\r\nForwarded: host=" + name,
        "others": b"Host: 127.0.0.1\r\nX-Host: " + name + b"\r\nX-Original-Host: " + name + b"\r\nX_Host: " + name,
        "address": b"Host: 127.0.0.1\r\nX-Original-URL: http://" + name + b"/\r\nX-Rewrite-URL: //" + name,
    }
    return lines[draw(st.sampled_from(sorted(lines)))]


def request(target: bytes, lines: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + lines + b"\r\nConnection: close\r\n\r\n"


@pytest.mark.timeout(1_200)
@pytest.mark.proves("dashboard", "code", "a request that says it is for another host, in any of its headers")
def test_no_host_that_somebody_made_up_comes_back(service: Service, record_property: Recorder) -> None:
    asked = 0

    @seed(SEED)
    @settings(QUIET, max_examples=HOSTS)
    @given(target=st.sampled_from(ADDRESSES), lines=hosts())
    def ask(target: bytes, lines: bytes) -> None:
        nonlocal asked
        talk = wire.say(service.url, request(target, lines))
        assert all(status < 500 for status in talk.statuses)
        assert EVIL not in talk.raw.lower()
        assert all(is_ours(heard.headers.get("location", "/"), service) for heard in talk.answers)
        asked += 1

    ask()
    assert asked >= HOSTS
    record_property("figure", f"{asked:,} made-up hosts, and none of them came back")


def is_ours(location: str, service: Service) -> bool:
    at = urlsplit(location)
    return not at.netloc or at.netloc in {urlsplit(service.url).netloc, "127.0.0.1"}


@pytest.mark.parametrize("target", [b"http://" + EVIL + b"/o/acme", b"//" + EVIL + b"/o/acme", EVIL + b":80", b"*"])
@pytest.mark.proves("dashboard", "code", "an address that names another host in the request's first line")
def test_no_origin_in_the_first_line_comes_back(service: Service, target: bytes) -> None:
    talk = wire.say(service.url, request(target, b"Host: 127.0.0.1"))
    assert all(status < 500 for status in talk.statuses)
    assert not any(EVIL.decode() in heard.headers.get("location", "").split("?")[0] for heard in talk.answers)


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "Forwarded", "X-Forwarded-Proto"])
@pytest.mark.proves("dashboard", "code", "a letter that is asked for under the name of another host")
def test_no_letter_leads_elsewhere(service: Service, ours: Ours, header: str) -> None:
    email = ours.organisation.memberships.get().user.email
    before = len(service.log("web"))
    with httpx.Client(base_url=service.url, timeout=10) as client:
        token = TOKEN.search(client.get("/accounts/password/reset/").text)
        assert token is not None
        form = {"email": email, "csrfmiddlewaretoken": token[1]}
        answer = client.post("/accounts/password/reset/", data=form, headers={header: "evil.example"})
    assert answer.status_code == (400 if header == "Host" else 302)
    letters = service.log("web")[before:]
    assert "//evil.example" not in letters
    assert header == "Host" or f"{service.url}/accounts/password/reset/key/" in letters


@pytest.mark.control
def test_a_host_of_ours_is_answered_with_its_own_links(service: Service) -> None:
    talk = wire.say(service.url, request(b"/o/acme/", b"Host: " + urlsplit(service.url).netloc.encode()))
    assert talk.statuses == [302]
    assert is_ours(talk.answers[0].headers["location"], service)
    assert not is_ours("http://evil.example/o/acme/", service)
    said = wire.say(service.url, request(b"/accounts/login/?next=/" + EVIL, b"Host: 127.0.0.1"))
    assert EVIL in said.raw


# --- Who one says that one is ----------------------------------------------------------------------------------------

INTRODUCTIONS = [
    introduction.HEADER,
    introduction.HEADER.upper(),
    introduction.HEADER.lower(),
    introduction.HEADER.replace("-", "_"),
    introduction.HEADER.replace("-", "_", 1),
]


@pytest.mark.parametrize("name", INTRODUCTIONS)
@pytest.mark.proves("gateway", "code", "a client that introduces itself as the gateway would")
def test_nobody_introduces_himself_through_the_gateway(service: Service, name: str) -> None:
    lines = f"Host: 127.0.0.1\r\n{name}: forged 10.0.0.1\r\n{name}: 10.0.0.2"
    assert wire.say(service.url, request(b"/accounts/login/", lines.encode())).statuses == [200]


@pytest.mark.parametrize("said", ["", " 10.0.0.1", "forged 10.0.0.1", "\u00e9 10.0.0.1", "a" * 5_000])
@pytest.mark.proves("network", "code", "a request past the gateway, to the web processes themselves")
def test_the_web_processes_listen_to_the_gateway_alone(service: Service, said: str) -> None:
    lines = f"Host: 127.0.0.1\r\n{introduction.HEADER}: {said}"
    talk = wire.say(pages(service), request(b"/accounts/login/", lines.encode()))
    assert talk.statuses == [403]


@pytest.mark.control
def test_whoever_knows_the_password_is_listened_to(service: Service) -> None:
    lines = f"Host: 127.0.0.1\r\n{introduction.HEADER}: {introduction.of('10.0.0.1')}"
    assert wire.say(pages(service), request(b"/accounts/login/", lines.encode())).statuses == [200]


def pages(service: Service) -> str:
    return f"http://127.0.0.1:{service.instance.ports['pages']}"


@pytest.mark.proves("dashboard", "code", "guesses of a password, each under another forwarded address")
def test_a_forwarded_address_buys_no_more_guesses(service: Service, ours: Ours) -> None:
    email = ours.organisation.memberships.get().user.email
    with httpx.Client(base_url=service.url, timeout=10) as client:
        answers = [guess(client, email, number) for number in range(12)]
    assert any("Too many failed" in answer or "too many" in answer.lower() for answer in answers)


def guess(client: httpx.Client, email: str, number: int) -> str:
    token = TOKEN.search(client.get("/accounts/login/").text)
    assert token is not None
    form = {"login": email, "password": f"wrong-{number}", "csrfmiddlewaretoken": token[1]}
    address = f"10.0.0.{number}"
    headers = {"X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": f"for={address}", "Client-IP": address}
    return client.post("/accounts/login/", data=form, headers=headers).text


# --- More than there is room for, and less than was said -------------------------------------------------------------

LARGE = {
    "a header of 1 MB": b"X-A: " + b"a" * 1_000_000,
    "a thousand headers": b"\r\n".join(b"X-%d: a" % number for number in range(1_000)),
    "a hundred thousand headers": b"\r\n".join(b"X-%d: a" % number for number in range(100_000)),
    "cookies of 500 KB": b"Cookie: " + b"a=b; " * 100_000,
    "a form of 10^18 bytes": b"Content-Length: 999999999999999999",
    "a form of 1 GB": b"Content-Length: 1000000000",
}


@pytest.mark.parametrize("what", LARGE)
@pytest.mark.parametrize("target", [b"/api/v1/models/letters/classify", b"/api/v1/api_keys", b"/accounts/login/"])
@pytest.mark.proves("gateway", "code", "headers and bodies beyond all bounds")
def test_what_is_too_large_is_refused_before_it_is_there(ours: Ours, what: str, target: bytes) -> None:
    key = b"Authorization: Bearer " + ours.key.encode() + b"\r\nContent-Type: application/json\r\n"
    talk = wire.say(ours.url, b"POST " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + key + LARGE[what] + b"\r\n\r\n")
    assert talk.answers or talk.closed
    assert all(400 <= status < 500 for status in talk.statuses)
    assert talk.seconds <= REFUSED_SECONDS


@pytest.mark.parametrize(
    "target", [b"/" + b"a" * 100_000, b"/?" + b"a=b&" * 50_000, b"/" + b"%00" * 5_000, b"/" + b"../" * 999]
)
@pytest.mark.proves("gateway", "code", "addresses beyond all bounds")
def test_an_address_that_is_too_long_is_refused(service: Service, target: bytes) -> None:
    talk = wire.say(service.url, request(target, b"Host: 127.0.0.1"))
    assert talk.answers or talk.closed
    assert all(status < 500 for status in talk.statuses)
    assert talk.seconds <= REFUSED_SECONDS


SLOW = [
    b"GET /healthz HTTP/1.1\r\nHost: 127",
    b"POST /api/v1/models/assort.support/classify HTTP/1.1\r\nHost: 127.0.0.1\r\n<key>Content-Length: 500\r\n\r\n{",
    b"POST /api/v1/datasets HTTP/1.1\r\nHost: 127.0.0.1\r\n<key>Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n{",
    b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\nlogin",
]


@pytest.fixture
def slow_senders(ours: Ours) -> Iterator[list[socket.socket]]:
    """A hundred who have said the beginning of a request, and nothing since."""
    at = urlsplit(ours.url)
    key = b"Content-Type: application/json\r\nAuthorization: Bearer " + ours.key.encode() + b"\r\n"
    with ExitStack() as opened:
        senders = [opened.enter_context(socket.create_connection((at.hostname, at.port))) for _ in range(100)]
        for number, sender in enumerate(senders):
            sender.sendall(SLOW[number % len(SLOW)].replace(b"<key>", key))
        yield senders


@pytest.mark.proves("gateway", "code", "a hundred senders that stop in the middle")
def test_slow_senders_keep_nobody_waiting_and_are_told_so(ours: Ours, slow_senders: list[socket.socket]) -> None:
    with httpx.Client(base_url=ours.url, headers=ours.headers, timeout=10) as client:
        client.post("/api/v1/models/letters/classify", json={"inputs": ["the invoice"]})
        began = time.monotonic()
        assert client.post("/api/v1/models/letters/classify", json={"inputs": ["the invoice"]}).status_code == 200
        assert client.get("/api/v1/me").status_code == 200
        assert client.get("/accounts/login/").status_code == 200
        assert time.monotonic() - began <= REFUSED_SECONDS
    classifying = slow_senders[1]
    classifying.settimeout(BODY_SECONDS + 5)
    assert classifying.recv(100).startswith(b"HTTP/1.1 400 ")
