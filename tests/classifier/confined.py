"""Runs attacks in a confined process, and outside of one, to show that each attack is a real one."""

import errno
import os
import pickle
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from classifier import confinement, landlock, linux
from classifier.confinement import Confinement, Limits
from classifier.linux import Prctl

NOBODY = 65534
# Where the tests run as root, each attack is made as root and as an ordinary user.
USERS = [0, NOBODY] if os.getuid() == 0 else [os.getuid()]

Attack = Callable[[], Any]


@dataclass(frozen=True)
class Place:
    """The folders around one tenant; all belong to `user`, so their modes keep nobody out."""

    user: int
    own: Path
    tmp: Path
    neighbour: Path
    code: Path

    def confine(self, *, ports: tuple[int, ...] = (), limits: Limits | None = None) -> Confinement:
        return confinement.confine(
            directory=self.own,
            tmp=self.tmp,
            read_only=[self.code],
            connect_ports=ports,
            limits=limits or Limits(),
        )


@contextmanager
def place_for(user: int) -> Iterator[Place]:
    # pytest's own folders can be entered by the user of the tests only.
    base = Path(tempfile.mkdtemp())
    base.chmod(0o755)
    made = Place(user, *(base / name for name in ("own", "tmp", "neighbour", "code")))
    for folder in (made.own, made.tmp, made.neighbour, made.code):
        folder.mkdir()
        (folder / "file").write_text(f"of {folder.name}")
        for path in (folder, folder / "file"):
            os.chown(path, user, -1)
    try:
        yield made
    finally:
        shutil.rmtree(base)


def forked(attack: Attack, user: int) -> Any:
    """Run the attack in a child that is `user`; returns what it returns and raises what it raises."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            if user != os.getuid():
                confinement.become(user)
            outcome = attack()
        except BaseException as error:  # noqa: BLE001 - the test judges it.
            outcome = error
        with open(writer, "wb") as pipe:
            pickle.dump(outcome, pipe)
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        answer = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        raise ChildProcessError(f"killed by {signal.Signals(-status).name}")
    outcome = pickle.loads(answer)  # noqa: S301 - our own child wrote it.
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def confined(place: Place, attack: Attack, *, ports: tuple[int, ...] = (), limits: Limits | None = None) -> Any:
    def confine_and_attack() -> Any:
        place.confine(ports=ports, limits=limits)
        return attack()

    return forked(confine_and_attack, place.user)


def refused(place: Place, attack: Attack, *, since: int = 1, ports: tuple[int, ...] = ()) -> int:
    """Check that an attack succeeds at first and not in confinement; returns the errno it gets there.

    `since` is the level of Landlock that forbids it. A kernel below must be named as having that gap.
    """
    forked(attack, place.user)
    if landlock.abi() < since:
        assert set(landlock.gaps(since - 1)) > set(landlock.gaps(since))
        return errno.EACCES
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its errno is what the caller checks.
        confined(place, attack, ports=ports)
    assert caught.value.errno is not None
    return caught.value.errno


@contextmanager
def sibling(user: int, prepare: Attack = lambda: linux.prctl(Prctl.SET_DUMPABLE, 1)) -> Iterator[int]:
    """Another process of the same user, which looks on."""
    ready, started = os.pipe()
    pid = os.fork()
    if pid == 0:
        if user != os.getuid():
            confinement.become(user)
        prepare()
        os.write(started, b".")
        time.sleep(30)
        os._exit(0)
    os.close(started)
    assert os.read(ready, 1) == b"."
    os.close(ready)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@contextmanager
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def connect(port: int) -> None:
    with socket.socket() as client:
        client.connect(("127.0.0.1", port))


def open_only(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY))


def run(program: str, *arguments: str) -> None:
    pid = os.posix_spawn(program, [program, *arguments], {})
    if status := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise ChildProcessError(f"{program} ended with {status}")
