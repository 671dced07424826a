"""What a process counts, and where it tells: over HTTP, in Prometheus' form, on a port that is for nothing else.

To count is an addition in memory. The library that writes the form takes 3 MB of each process that loads it, so it is
loaded by the first who asks. Each process tells its own numbers; Prometheus adds up those of several.

A label has few values: a use, a route, a class of statuses. An organisation, a key or a model is never one.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import socketserver
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

from tenants import logs

if TYPE_CHECKING:
    from prometheus_client import Metric

log = logging.getLogger(__name__)

# Where to listen: HOST:PORT, or HOST:PORT,PORT,… where several processes share the setting, each with one of them.
LISTEN = "ASSORT_METRICS_LISTEN"
# Upper bounds of what takes time, in seconds.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Whoever asks has so long to do so.
PATIENCE_SECONDS = 5.0

Labels = tuple[str, ...]


class Counter:
    """What only ever grows, for each combination of labels."""

    def __init__(self, name: str, what: str, labels: Labels = ()) -> None:
        self.name, self._what, self._labels = name, what, labels
        self._counts: dict[Labels, float] = {} if labels else {(): 0.0}
        self._lock = threading.Lock()
        _known[name] = self

    def add(self, *values: str, by: float = 1.0) -> None:
        with self._lock:
            self._counts[values] = self._counts.get(values, 0.0) + by

    def told(self) -> Metric:
        from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415 - For whoever asks, and not before.

        family = CounterMetricFamily(self.name, self._what, labels=self._labels)
        for values, count in self._copied():
            family.add_metric(values, count)
        return family

    def _copied(self) -> list[tuple[Labels, float]]:
        with self._lock:
            return list(self._counts.items())


class Histogram:
    """How long something took, for each combination of labels."""

    def __init__(self, name: str, what: str, labels: Labels = ()) -> None:
        self.name, self._what, self._labels = name, what, labels
        # A count for each bound and for what took longer, and at the end the sum.
        self._found: dict[Labels, list[float]] = {}
        self._lock = threading.Lock()
        _known[name] = self

    def observe(self, seconds: float, *values: str) -> None:
        with self._lock:
            found = self._found.get(values)
            if found is None:
                found = self._found[values] = [0.0] * (len(SECONDS) + 2)
            found[bisect_left(SECONDS, seconds)] += 1
            found[-1] += seconds

    def told(self) -> Metric:
        from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415 - For whoever asks, and not before.

        family = HistogramMetricFamily(self.name, self._what, labels=self._labels)
        bounds = [*map(str, SECONDS), "+Inf"]
        for values, counts, total in self._copied():
            family.add_metric(values, list(zip(bounds, accumulate(counts), strict=True)), total)
        return family

    def _copied(self) -> list[tuple[Labels, list[float], float]]:
        with self._lock:
            return [(values, found[:-1], found[-1]) for values, found in self._found.items()]


class Gauge:
    """What is so just now. `look` is called by whoever asks, in a thread of its own, and returns it by labels."""

    def __init__(self, name: str, what: str, look: Callable[[], Mapping[Labels, float]], labels: Labels = ()) -> None:
        self.name, self._what, self._labels, self._look = name, what, labels, look
        # The newest of a name counts: what it looks at may be made anew.
        _known[name] = self

    def told(self) -> Metric:
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - For whoever asks, and not before.

        family = GaugeMetricFamily(self.name, self._what, labels=self._labels)
        for values, number in self._look().items():
            family.add_metric(values, number)
        return family


_known: dict[str, Counter | Histogram | Gauge] = {}


def text(of: Iterable[Counter | Histogram | Gauge] | None = None) -> bytes:
    """Return all that this process knows in Prometheus' form, with its memory and processor time."""
    from prometheus_client import REGISTRY, generate_latest  # noqa: PLC0415 - For whoever asks, and not before.

    class Told:
        def collect(self) -> Iterator[Metric]:
            asked = list(_known.values()) if of is None else of
            return chain((each.told() for each in asked), REGISTRY.collect())

    return bytes(generate_latest(Told()))


def serve(
    places: Mapping[str, Callable[[], object]] | None = None, *, after: Callable[[], object] | None = None
) -> None:
    """Answer `GET /metrics`, and each of `places` with JSON, where ASSORT_METRICS_LISTEN says; nowhere without it.

    `after` is called at the end of each answer, in its thread: what the thread has opened is its own.
    """
    host, _, ports = os.environ.get(LISTEN, "").rpartition(":")
    if not ports:
        return
    for port in ports.split(","):
        try:
            server = _Server((host.strip("[]"), int(port)), places or {}, after or (lambda: None))
        except OSError as error:
            taken = logs.words(error)
            continue
        # Nobody ends it but the process, so it need not look twice a second whether it is to end.
        thread = threading.Thread(target=server.serve_forever, args=(3600.0,), name="metrics", daemon=True)
        thread.start()
        return
    log.error("nobody can be told what is counted here: no port of %s:%s is free (%s)", host, ports, taken)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, at: tuple[str, int], places: Mapping[str, Callable[[], object]], after: Callable[[], object]
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET
        self.places, self.after = places, after
        super().__init__(at, _Answer)

    def server_bind(self) -> None:
        # HTTPServer's own asks the name service who this is, and waits for the answer.
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up before the end is nobody's error."""


class _Answer(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE_SECONDS
    server_version, sys_version = "assort", ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        try:
            if path == "/metrics":
                self._say(200, "text/plain; version=1.0.0; charset=utf-8", text())
            elif path in self.server.places:
                self._say(200, "application/json", json.dumps(self.server.places[path]()).encode())
            else:
                self._say(404, "text/plain", b"There is /metrics.\n")
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - What cannot be told now is told later; a wrong number is worse.
            log.warning("%s cannot be told: %s", path, logs.words(error))
            self._say(503, "text/plain", b"This cannot be told just now.\n")
        finally:
            self.server.after()

    def _say(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Who is asked every few seconds writes no line each time."""
