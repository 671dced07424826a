"""For whom a request is made, when some of those who hand it on are believed."""

from typing import Any

import pytest

from saas.entrance import Entrance
from tenants.errors import Malformed

PUBLIC = "https://assort.example"


def request(client: str = "127.0.0.1", path: str = "/", method: str = "GET", **headers: str) -> dict[str, Any]:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"client": (client, 5), "scheme": "http", "path": path, "method": method, "headers": given}


def entrance(*proxies: str) -> Entrance:
    return Entrance(public_url=PUBLIC, proxies=proxies, needs_tls=True)


@pytest.mark.parametrize(
    ("client", "said", "seen"),
    [
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("127.0.0.1", "10.9.9.9, 10.1.2.3", "10.9.9.9"),
        ("127.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.2", "203.0.113.7", "127.0.0.2"),
    ],
)
def test_the_client_is_the_first_that_is_no_proxy(client: str, said: str, seen: str) -> None:
    scope = request(client, x_forwarded_for=said)
    entrance("127.0.0.1", "10.0.0.0/8").see_through_proxy(scope)
    assert scope["client"][0] == seen


def test_a_header_that_comes_twice_is_read_as_one() -> None:
    scope = request(x_forwarded_for="198.51.100.1")
    scope["headers"].append((b"x-forwarded-for", b"203.0.113.7"))
    entrance("127.0.0.1").see_through_proxy(scope)
    assert scope["client"][0] == "203.0.113.7"


@pytest.mark.parametrize(("said", "is_plain"), [("https", False), ("HTTPS", False), ("http", True), ("", True)])
def test_the_proxy_says_whether_there_was_tls(said: str, is_plain: bool) -> None:
    scope, door = request(x_forwarded_proto=said), entrance("127.0.0.1")
    door.see_through_proxy(scope)
    assert door.is_plain(scope) is is_plain


def test_who_is_no_proxy_is_not_believed_that_there_was_tls() -> None:
    scope, door = request(client="203.0.113.7", x_forwarded_proto="https"), entrance("127.0.0.1")
    door.see_through_proxy(scope)
    assert (scope["client"][0], door.is_plain(scope)) == ("203.0.113.7", True)


def test_without_a_proxy_nobody_is_believed() -> None:
    scope, door = request(x_forwarded_proto="https", x_forwarded_for="203.0.113.7"), entrance()
    door.see_through_proxy(scope)
    assert (scope["client"][0], door.is_plain(scope)) == ("127.0.0.1", True)


@pytest.mark.parametrize("host", ["assort.example", "ASSORT.example", "assort.example:443"])
def test_its_own_host_is_let_in_under_every_spelling(host: str) -> None:
    scope = request(host=host) | {"scheme": "https"}
    entrance().check(scope)


@pytest.mark.parametrize(
    "host", ["", "evil.example", "assort.example.evil.example", "assort.example@evil.example", "["]
)
def test_another_host_is_not(host: str) -> None:
    scope = request(host=host) | {"scheme": "https"}
    with pytest.raises(Malformed, match="is called assort"):
        entrance().check(scope)
