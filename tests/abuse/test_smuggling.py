"""No request hides in another one, and none is answered with what belongs to the next."""

import httpx2 as httpx
import pytest

from tenants import ids
from tests.abuse import smuggling, wire
from tests.abuse.conftest import Ours, Recorder

pytestmark = pytest.mark.proves("gateway", "code", "a request that two readers would end in different places")

# Its answer cannot be taken for that of another request.
NEXT = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HEALTHY = b'{"status":"ok"}'
# Which the gateway answers itself, hands on to the web processes with a key, and hands on without one.
FIRSTS = {
    "classify": b"POST /api/v1/models/letters/classify",
    "call": b"POST /api/v1/training_jobs",
    "page": b"POST /accounts/login/",
}
REFUSED_SECONDS = 2.0


def head(first: bytes, key: str) -> bytes:
    headers = b"Host: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: Bearer " + key.encode()
    return first + b" HTTP/1.1\r\n" + headers + b"\r\n"


def making_a_key(name: str, key: str) -> bytes:
    """Return the request that is hidden."""
    body = b'{"name": "%s", "scopes": ["read"]}' % name.encode()
    return head(b"POST /api/v1/api_keys", key) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def names_of_keys(ours: Ours) -> set[str]:
    listed = httpx.get(f"{ours.url}/api/v1/api_keys?limit=100", headers=ours.headers, timeout=10)
    return {row["name"] for row in listed.json()["data"]}


@pytest.mark.parametrize("first", FIRSTS)
def test_no_request_hides_in_the_body_of_another(ours: Ours, first: str, record_property: Recorder) -> None:
    hidden = f"hidden-{ids.random_text(8)}"
    inner = making_a_key(hidden, ours.key)
    wrong = {}
    for what, pair in smuggling.PAIRS.items():
        talk = wire.say(ours.url, head(FIRSTS[first], ours.key) + smuggling.filled(pair, inner), NEXT, silence=0.4)
        if fault := fault_of(talk):
            wrong[what] = fault
    assert wrong == {}
    assert hidden not in names_of_keys(ours)
    record_property("figure", f"{len(smuggling.PAIRS)} pairs, and no hidden request was carried out")


def fault_of(talk: wire.Talk) -> str | None:
    """Say what is wrong with the answers to such a pair: the second, if there is one, is to the second request."""
    if any(status >= 500 for status in talk.statuses):
        return f"answered with {talk.statuses}"
    bodies = [heard.body for heard in talk.answers if heard.status >= 200]
    if bodies[:1] == [HEALTHY]:
        return "the first request got the second one's answer"
    if bodies[1:] not in ([], [HEALTHY]):
        return f"other answers than to the second request: {talk.statuses}"
    if bodies and talk.seconds > REFUSED_SECONDS:
        return f"answered after {talk.seconds:.1f} s"
    return None


@pytest.mark.control
def test_the_hidden_request_makes_a_key_where_it_stands_openly(ours: Ours) -> None:
    name = f"open-{ids.random_text(8)}"
    first = head(FIRSTS["call"], ours.key) + b"Content-Length: 2\r\n\r\n{}"
    talk = wire.say(ours.url, first + making_a_key(name, ours.key) + NEXT)
    assert talk.statuses == [422, 201, 200]
    assert fault_of(talk)
    assert name in names_of_keys(ours)
