import ctypes
import errno
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from classifier import landlock, linux
from classifier.linux import Prctl
from tests.classifier.confined import (
    USERS,
    Place,
    confined,
    connect,
    forked,
    listener,
    open_only,
    place_for,
    refused,
    run,
    sibling,
)

PTRACE_SEIZE = 0x4206


@pytest.fixture(params=USERS, ids=lambda user: f"uid {user}")
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place_for(request.param) as made:
        yield made


def test_a_neighbours_file_cannot_be_read(place: Place) -> None:
    assert confined(place, (place.own / "file").read_text) == "of own"
    assert refused(place, (place.neighbour / "file").read_text) == errno.EACCES


def test_a_neighbours_folder_cannot_be_listed(place: Place) -> None:
    assert confined(place, lambda: os.listdir(place.own)) == ["file"]
    assert refused(place, lambda: os.listdir(place.neighbour)) == errno.EACCES


def test_a_neighbours_file_cannot_be_written(place: Place) -> None:
    assert refused(place, lambda: (place.neighbour / "file").write_text("mine")) == errno.EACCES
    assert refused(place, lambda: os.truncate(place.neighbour / "file", 0), since=3) == errno.EACCES


def test_nothing_can_be_made_or_removed_at_a_neighbours(place: Place) -> None:
    def make_and_remove() -> None:
        (place.neighbour / "new").mkdir()
        (place.neighbour / "new").rmdir()

    assert refused(place, make_and_remove) == errno.EACCES


def test_code_can_be_read_but_not_written(place: Place) -> None:
    assert confined(place, (place.code / "file").read_text) == "of code"
    assert refused(place, lambda: (place.code / "file").write_text("mine")) == errno.EACCES


def test_no_bytecode_can_be_planted_beside_the_code(place: Place) -> None:
    def plant() -> None:
        (place.code / "module.pyc").write_bytes(b"planted")
        (place.code / "module.pyc").unlink()

    assert refused(place, plant) == errno.EACCES


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/maps", "/proc/self/environ", "/proc/mounts"])
def test_files_of_the_system_cannot_be_read(place: Place, path: str) -> None:
    def read() -> None:
        linux.prctl(Prctl.SET_DUMPABLE, 1)
        Path(path).read_bytes()

    assert refused(place, read) == errno.EACCES


def test_the_process_list_cannot_be_read(place: Place) -> None:
    assert refused(place, lambda: os.listdir("/proc")) == errno.EACCES


@pytest.mark.parametrize("name", ["mem", "environ", "maps"])
def test_a_siblings_memory_cannot_be_read(place: Place, name: str) -> None:
    with sibling(place.user) as pid:
        assert refused(place, lambda: open_only(f"/proc/{pid}/{name}")) == errno.EACCES


@pytest.mark.parametrize("name", ["mem", "environ", "maps"])
def test_the_parents_memory_cannot_be_read(place: Place, name: str) -> None:
    parent = os.getpid()
    open_only(f"/proc/{parent}/{name}")
    with pytest.raises(PermissionError):
        confined(place, lambda: open_only(f"/proc/{parent}/{name}"))


def test_a_sibling_cannot_be_traced(place: Place) -> None:
    def seize(pid: int) -> None:
        if ctypes.CDLL(None, use_errno=True).ptrace(PTRACE_SEIZE, pid, None, None) < 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    with sibling(place.user) as pid:
        assert refused(place, lambda: seize(pid)) == errno.EPERM


def test_a_sibling_cannot_be_signalled(place: Place) -> None:
    with sibling(place.user) as pid:
        assert refused(place, lambda: os.kill(pid, signal.SIGURG), since=6) in (errno.EPERM, errno.EACCES)


def test_its_own_children_can_be_signalled(place: Place) -> None:
    def kill_a_child() -> None:
        with sibling(place.user):
            pass

    confined(place, kill_a_child)


def test_only_listed_ports_can_be_connected_to(place: Place) -> None:
    with listener() as listed, listener() as other:
        confined(place, lambda: connect(listed), ports=(listed,))
        assert refused(place, lambda: connect(other), since=4, ports=(listed,)) == errno.EACCES


def test_no_port_can_be_bound(place: Place) -> None:
    def bind() -> None:
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))

    assert refused(place, bind, since=4) == errno.EACCES


def test_an_abstract_socket_cannot_be_reached(place: Place) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0assort-{os.getpid()}-{place.user}")
        server.listen()

        def reach() -> None:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(server.getsockname())

        assert refused(place, reach, since=6) in (errno.EPERM, errno.EACCES)


def test_no_program_can_be_started(place: Place) -> None:
    assert refused(place, lambda: run("/bin/sh", "-c", "exit 0")) == errno.EACCES


def test_not_even_a_program_of_its_own_can_be_started(place: Place) -> None:
    # The dynamic loader is a program that needs no other file.
    loader = next(Path("/").glob("lib*/ld-linux*.so*"))
    shutil.copy(loader, place.own / "program")
    (place.own / "program").chmod(0o755)
    assert refused(place, lambda: run(str(place.own / "program"), "--help")) == errno.EACCES


def test_a_symbolic_link_does_not_lead_out(place: Place) -> None:
    (place.own / "link").symlink_to(place.neighbour / "file")
    assert confined(place, lambda: os.readlink(place.own / "link")) == str(place.neighbour / "file")
    assert refused(place, (place.own / "link").read_text) == errno.EACCES


def test_a_hard_link_cannot_bring_a_file_in(place: Place) -> None:
    confined(place, lambda: os.link(place.own / "file", place.tmp / "linked"))

    def link() -> None:
        os.link(place.neighbour / "file", place.own / "linked")
        (place.own / "linked").unlink()

    assert refused(place, link) in (errno.EXDEV, errno.EACCES)


def test_a_file_cannot_be_moved_in_or_out(place: Place) -> None:
    def swap(a: Path, b: Path) -> None:
        (a / "file").rename(b / "moved")
        (b / "moved").rename(a / "file")

    confined(place, lambda: swap(place.own, place.tmp))
    assert refused(place, lambda: swap(place.own, place.neighbour)) in (errno.EXDEV, errno.EACCES)
    assert refused(place, lambda: swap(place.neighbour, place.own)) in (errno.EXDEV, errno.EACCES)


def test_children_inherit_the_walls(place: Place) -> None:
    assert confined(place, lambda: forked((place.own / "file").read_text, place.user)) == "of own"
    assert refused(place, lambda: forked((place.neighbour / "file").read_text, place.user)) == errno.EACCES


def test_it_cannot_be_entered_again_with_wider_walls(place: Place) -> None:
    def confine_again() -> None:
        Place(place.user, place.neighbour, place.tmp, place.own, place.code).confine()

    with pytest.raises(PermissionError):
        confined(place, confine_again)


@pytest.mark.parametrize("level", range(1, landlock.abi() + 1))
def test_an_older_kernels_rules_keep_the_neighbours_files_closed(
    place: Place, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: level)
    assert confined(place, (place.own / "file").read_text) == "of own"
    assert refused(place, (place.neighbour / "file").read_text) == errno.EACCES


def test_a_new_kernel_has_no_gaps() -> None:
    assert landlock.gaps(9) == ()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_kernel_without_it_is_of_level_zero(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "syscall", refusal(number))
    assert landlock.abi() == 0


def test_whatever_else_keeps_it_from_telling_its_level_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "syscall", refusal(errno.EPERM))
    with pytest.raises(PermissionError):
        landlock.abi()


def refusal(number: int) -> Callable[..., int]:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return refuse
