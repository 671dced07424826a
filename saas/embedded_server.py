"""How the embedded servers run: from a wheel's folder, never as root, told nothing by the caller."""

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

# "Nobody", on every Linux: who the servers are when root starts them, as PostgreSQL refuses to be root.
_NOBODY = 65534


class EmbeddedError(Exception):
    """An embedded server cannot be set up or started; the message says what to do."""


@dataclass(frozen=True)
class Unprivileged:
    """How a server gives up root: the words before its command, and who owns its files then."""

    prefix: tuple[str, ...]
    owner: int

    @property
    def works(self) -> bool:
        if not self.prefix:
            return True
        if shutil.which(self.prefix[0]) is None:
            return False
        return subprocess.run([*self.prefix, "true"], capture_output=True, check=False).returncode == 0


# In a user namespace of its own the server is nobody, and outside it is still the owner of root's files, so
# that it works below a folder that only root may enter.
NAMESPACE = Unprivileged(("unshare", "-U", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}"), 0)
# Many containers refuse user namespaces. Then the server is nobody for real, and keeps the one capability
# that lets it pass the folders above its own, for access(2) too, which `no_setuid_fixup` sees to. The change
# of user clears the death signal, so it is set again.
NOBODY = Unprivileged(
    (
        *("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"),
        *("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"),
        "--pdeathsig=SIGINT",
    ),
    _NOBODY,
)


def unprivileged() -> Unprivileged:
    """Return how a server can run here without being root. Raises EmbeddedError if it cannot."""
    if os.geteuid() != 0:
        return Unprivileged((), os.geteuid())
    for way in (NAMESPACE, NOBODY):
        if way.works:
            return way
    raise EmbeddedError(
        "PostgreSQL refuses to run as root, and this machine lets root neither `unshare -U` nor `setpriv`. "
        "Run ./assort as an ordinary user, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def give(directory: Path, owner: int) -> None:
    """Make `owner` the owner of `directory` and of everything in it, where it is not yet."""
    if all(path.stat().st_uid == owner for path in (directory, *directory.iterdir())):
        return
    for folder, _, files in os.walk(directory, topdown=False):
        for name in (*files, "."):
            os.chown(os.path.join(folder, name), owner, owner)


def run(command: list[str], commands: str = "") -> str:
    """Run a program of a server's to its end and return all it said. Raises EmbeddedError if it fails."""
    done = subprocess.run(
        command, input=commands, env=environment(), cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise EmbeddedError(f"{command[0]} failed with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout + done.stderr


def environment() -> dict[str, str]:
    """Return what the servers are told: PGDATA, PGPORT and their like would lead them elsewhere."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def package(name: str) -> Path:
    """Return where an installed package lies, without importing it."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise EmbeddedError(f"The package {name} is not installed. Delete .venv and run ./assort again.")
    return Path(found.origin).parent
