import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from classifier import confinement, landlock, linux, walls
from tenants import isolation
from tests.classifier.confined import Attack, Place, forked, place_for
from tests.service import Service

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
OWN, OTHER = 1_900_000_001, 1_900_000_002


@pytest.fixture
def shut_place() -> Iterator[Place]:
    """The folders of a user that lie in a folder which only root may pass."""
    with place_for(OWN) as place:
        place.own.parent.chmod(0o700)
        yield place


def held(status: int) -> int:
    """Return the capabilities of the process whose /proc/self/status is open."""
    content = os.pread(status, 8192, 0).decode()
    lines = dict(line.split(":\t", 1) for line in content.splitlines() if ":\t" in line)
    return int(lines["CapEff"], 16) | int(lines["CapPrm"], 16) | int(lines["CapInh"], 16)


def refusal_of(step: Attack) -> str:
    try:
        step()
    except OSError as error:
        return type(error).__name__
    return "none"


@needs_root
def test_another_user_has_no_capability() -> None:
    def become() -> tuple[int, ...]:
        status = os.open("/proc/self/status", os.O_RDONLY)
        confinement.become(OWN)
        return held(status), *os.getresuid(), *os.getresgid(), *os.getgroups()

    assert forked(become, os.getuid()) == (0, *[OWN] * 6)


@needs_root
def test_who_may_not_pass_reaches_nothing(shut_place: Place) -> None:
    with pytest.raises(PermissionError):
        forked((shut_place.own / "file").read_text, OWN)


@needs_root
def test_who_passes_can_work_behind_a_folder_that_is_shut(shut_place: Place) -> None:
    def work() -> tuple[str, int]:
        # A confined process can open it no more.
        status = os.open("/proc/self/status", os.O_RDONLY)
        confinement.become(OWN, passes=True)
        confinement.confine(
            directory=shut_place.own,
            tmp=shut_place.tmp,
            read_only=[shut_place.code],
            connect_ports=[],
            limits=confinement.Limits(),
            passes=True,
        )
        (shut_place.own / "new").write_text("new")
        return (shut_place.code / "file").read_text(), held(status)

    assert forked(work, os.getuid()) == ("of code", 1 << linux.DAC_READ_SEARCH)


@needs_root
def test_who_passes_may_still_not_touch_what_is_anothers(shut_place: Place) -> None:
    theirs = shut_place.neighbour / "file"
    os.chown(theirs, OTHER, OTHER)

    steps: list[Attack] = [lambda: theirs.chmod(0o666), lambda: os.utime(theirs), lambda: theirs.write_text("")]

    def refusals() -> list[str]:
        confinement.become(OWN, passes=True)
        return [refusal_of(step) for step in steps]

    assert forked(refusals, os.getuid()) == ["PermissionError"] * 3


def test_a_folder_that_not_everybody_may_pass_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shut = tmp_path / "shut"
    (shut / "tenants").mkdir(parents=True)
    shut.chmod(0o700)
    monkeypatch.setattr(isolation, "tenants_directory", lambda: shut / "tenants")
    monkeypatch.setattr(isolation, "shared_directory", lambda: tmp_path)
    assert shut in walls.closed()
    shut.chmod(0o711)
    assert shut not in walls.closed()


def test_what_is_left_open_is_said_in_words() -> None:
    shared = walls.Walls(7, False, (Path("/root"),))
    assert (str(shared), shared.gaps[0]) == ("one user for all, Landlock 7", "workers share one user of the system")
    passing = walls.Walls(0, True, (Path("/root"),))
    assert str(passing) == "own users, no Landlock"
    assert "not everybody may pass /root" in passing.gaps[0]
    assert walls.Walls(9, True, ()).gaps == ()


def test_a_host_tells_its_walls(service: Service) -> None:
    service.start()
    users = "own users" if os.geteuid() == 0 else "one user for all"
    assert f"walls: {users}, Landlock {landlock.abi()}" in service.manage("fleet", "status").stdout
    assert f"walls between workers: {users}, Landlock {landlock.abi()}" in service.log("fleet")
