"""Who asks, and over what: settled where a request comes in, so that nothing behind it reads a header for that.

A proxy that ends TLS says in `X-Forwarded-For` and `X-Forwarded-Proto` for whom it asks. Everybody can write these
headers, so they count from the addresses of ASSORT_PROXIES alone. In production what did not come by TLS goes no
further: a page leads to its address with https, and a call is refused instead, since a redirect would hide from its
programmer that the key has been sent in the open.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from classifier.gateway import http
from tenants.errors import Malformed

# Asked from inside, by whoever keeps this process running.
PROBES = frozenset({"/healthz", "/livez", "/readyz"})


class Entrance:
    def __init__(self, *, public_url: str, proxies: Sequence[str], needs_tls: bool) -> None:
        """`proxies` are addresses and networks, such as `127.0.0.1` and `10.0.0.0/8`."""
        self.public_url = public_url
        self._host = urlsplit(public_url).hostname or ""
        self._networks = [ip_network(each) for each in proxies]
        self._needs_tls = needs_tls
        self._is_proxy = lru_cache(maxsize=1024)(self._is_proxy_at)

    def see_through_proxy(self, scope: http.Scope) -> None:
        """Put the client's own address and scheme in the place of the proxy's."""
        client = scope.get("client")
        if not self._networks or not client or not self._is_proxy(client[0]):
            return
        scope["client"] = (self._client(client[0], _listed(scope, b"x-forwarded-for")), 0)
        # The last word is the nearest proxy's.
        scope["scheme"] = _listed(scope, b"x-forwarded-proto")[-1].lower() or scope["scheme"]

    def is_plain(self, scope: http.Scope) -> bool:
        """Whether the request came in the open, and this service is reached by TLS alone."""
        return self._needs_tls and scope["scheme"] != "https" and scope["path"] not in PROBES

    def leads_on(self, scope: http.Scope) -> bool:
        """Whether somebody who came in the open loses nothing by being sent on."""
        return scope["method"] in {"GET", "HEAD"} and not scope["path"].startswith("/api/")

    def check(self, scope: http.Scope) -> None:
        """Raise Malformed for what came in the open, or to a host that this service is not."""
        if self.is_plain(scope):
            raise Malformed(
                f"This service answers at {self.public_url} alone. What was sent here could be read on its way: "
                "if there was a key in it, revoke it and make another."
            )
        if self._needs_tls and scope["path"] not in PROBES and _host(scope) != self._host:
            raise Malformed(
                f"This service is called {self._host}. A proxy in front of it is to pass the Host header on."
            )

    def _client(self, peer: str, said: list[str]) -> str:
        """Return the first address, from here outwards, that is no proxy's: what lies behind it, it made up or not."""
        client = peer
        for address in reversed(said):
            if not self._is_proxy(client):
                break
            try:
                client = str(ip_address(address))
            except ValueError:
                break
        return client

    def _is_proxy_at(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


def _listed(scope: http.Scope, name: bytes) -> list[str]:
    """Return the parts of a header that may come several times, the nearest proxy's last."""
    lines = [str(value, "latin-1") for key, value in scope["headers"] if key == name]
    return [part.strip() for part in ",".join(lines).split(",")]


def _host(scope: http.Scope) -> str:
    try:
        return urlsplit(f"//{http.header(scope, b'host')}").hostname or ""
    except ValueError:
        return ""
