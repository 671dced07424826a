"""What each part of an instance runs, wherever it runs: under `up`, beside all others, or alone by `run`."""

import http.client
import ipaddress
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

from saas.instance import ROOT
from saas.place import MANAGE
from saas.ports import HOST

# Pages and calls that each web process serves at a time.
_WEB_THREADS = 16
# A page or an upload is a long piece of work, and a classification a short one that somebody's program waits for.
_YIELDING = 5

# Of what Django's applications bring for browsers, this is never shown.
_UNUSED = ("--ignore=rest_framework", "--ignore=redoc")
_COMMANDS = {
    "assets": (*MANAGE, "collectstatic", "--no-input", "--clear", "--verbosity", "0", *_UNUSED),
    "prepare": (*MANAGE, "prepare"),
    "encoder": (*MANAGE, "encoder", "bundled", "--if-installed"),
    "sample": (*MANAGE, "sample", "publish", "--if-possible"),
    "provisioner": (*MANAGE, "provisioner"),
    "relay": (*MANAGE, "relay"),
    "postman": (*MANAGE, "postman"),
    "fleet": (*MANAGE, "fleet", "run"),
    "registrar": (sys.executable, "-m", "classifier.registrar"),
}
_ONCE = frozenset({"assets", "prepare", "encoder", "sample"})


@dataclass(frozen=True)
class Address:
    """Where a part listens."""

    host: str
    port: int

    @property
    def nearby(self) -> str:
        """Where this machine itself finds what listens there: on loopback, if that is everywhere."""
        try:
            found = ipaddress.ip_address(self.host)
        except ValueError:  # A name.
            return self.host
        return {4: HOST, 6: "::1"}[found.version] if found.is_unspecified else self.host

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read HOST:PORT, with the brackets of an IPv6 address. Raises ValueError."""
        host, _, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not (host and port.isdigit() and 1 <= int(port) <= 65_535):
            raise ValueError(f"{text!r} is not of the form HOST:PORT")
        return cls(host, int(port))


@dataclass(frozen=True)
class Program:
    """A command, and how one learns from outside that it serves; what has no `probe` says so by sd_notify."""

    command: tuple[str, ...]
    probe: Callable[[], bool] | None = None
    once: bool = False
    nice: int = 0


def program(part: str, *arguments: str) -> Program:
    """Return the program of a part that listens nowhere."""
    return Program((*_COMMANDS[part], *arguments), once=part in _ONCE)


def gateway(at: Address, *, processes: int) -> Program:
    # Requests in hand at the same time: the gateway bounds those of each organisation itself, well below this.
    bounds = ("--backlog", "4096", "--backpressure", "8192")
    command = _granian("asgi", "saas.asgi:application", at, processes, *bounds)
    return Program(command, probe=partial(_answers, at, "/readyz"))


def web(at: Address, *, processes: int) -> Program:
    command = _granian("wsgi", "saas.wsgi:application", at, processes, "--blocking-threads", str(_WEB_THREADS))
    # It refuses whoever does not come through the gateway.
    return Program(command, probe=partial(_answers, at, "/", http.client.FORBIDDEN), nice=_YIELDING)


def mlflow(at: Address, *, artifact_root: str) -> Program:
    """MLflow's pages and its API, for operators: it finds its database in the environment, since a command line can be
    read by every user of the machine.
    """
    where = ("--host", at.host, "--port", str(at.port), "--workers", "1")
    artifacts = ("--no-serve-artifacts", "--default-artifact-root", artifact_root)
    return Program((sys.executable, "-m", "mlflow", "ui", *where, *artifacts), probe=partial(_answers, at, "/health"))


def _granian(interface: str, application: str, at: Address, processes: int, *bounds: str) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "granian", "--interface", interface, application),
        *("--host", at.host, "--port", str(at.port)),
        *("--workers", str(processes), "--respawn-failed-workers", "--no-ws"),
        # Less than the grace of the part, so that the server and not its keeper ends a stuck worker.
        *("--workers-kill-timeout", "8"),
        *("--log-config", str(ROOT / "saas" / "granian.json")),
        *bounds,
    )


def _answers(at: Address, path: str, status: int = http.client.OK) -> bool:
    connection = http.client.HTTPConnection(at.nearby, at.port, timeout=2.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
