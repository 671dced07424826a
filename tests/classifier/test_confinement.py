import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from classifier import confinement, landlock, linux
from classifier.confinement import Confinement, ConfinementError, Limits
from tests.classifier.confined import USERS, Attack, Place, confined, forked, open_only, place_for, sibling
from tests.classifier.processes import is_gone, wait_until

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 1 << 20


@pytest.fixture(params=USERS, ids=lambda user: f"uid {user}")
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place_for(request.param) as made:
        yield made


@pytest.fixture
def ordinary_place() -> Iterator[Place]:
    with place_for(USERS[-1]) as made:
        yield made


@pytest.fixture
def here() -> Iterator[Place]:
    with place_for(os.getuid()) as made:
        yield made


def test_the_record_says_what_is_in_force(place: Place) -> None:
    record = forked(place.confine, place.user)
    assert record == Confinement(landlock_abi=landlock.abi(), undumpable=True, uid=place.user)


def test_its_own_files_can_be_read_and_written(place: Place) -> None:
    def work() -> list[str]:
        (place.own / "folder").mkdir()
        (place.own / "folder" / "new").write_text("new")
        (place.own / "folder" / "new").rename(place.own / "moved")
        (place.own / "file").unlink()
        (place.own / "folder").rmdir()
        return os.listdir(place.own)

    assert confined(place, work) == ["moved"]


def test_temporary_files_go_to_its_own_folder(place: Place) -> None:
    path = confined(place, lambda: tempfile.mkstemp()[1])
    assert Path(path).parent == place.tmp


def test_a_confined_process_cannot_be_read_by_its_own_user(ordinary_place: Place) -> None:
    user = ordinary_place.user
    with sibling(user) as readable, sibling(user, ordinary_place.confine) as pid:
        forked(lambda: open_only(f"/proc/{readable}/mem"), user)
        with pytest.raises(PermissionError):
            forked(lambda: open_only(f"/proc/{pid}/mem"), user)


def test_the_powers_of_root_are_gone(place: Place) -> None:
    with pytest.raises(PermissionError):
        confined(place, lambda: os.setgroups([0]))
    with pytest.raises(PermissionError):
        confined(place, lambda: os.chroot("/"))


def test_more_memory_than_the_limit_is_a_memory_error(place: Place) -> None:
    limits = Limits(data=1024 * MEGABYTE)
    assert len(confined(place, lambda: bytes(MEGABYTE), limits=limits)) == MEGABYTE
    with pytest.raises(MemoryError):
        confined(place, lambda: len(bytearray(1200 * MEGABYTE)), limits=limits)


def test_more_address_space_than_the_limit_is_a_memory_error(place: Place) -> None:
    limits = Limits(address_space=8192 * MEGABYTE)
    assert len(confined(place, lambda: bytes(MEGABYTE), limits=limits)) == MEGABYTE
    with pytest.raises(MemoryError):
        confined(place, lambda: len(bytearray(9000 * MEGABYTE)), limits=limits)


def test_a_file_cannot_grow_beyond_the_limit(place: Place) -> None:
    limits = Limits(file_size=MEGABYTE)
    confined(place, lambda: (place.own / "big").write_bytes(bytes(MEGABYTE)), limits=limits)
    with pytest.raises(OSError, match="File too large"):
        confined(place, lambda: (place.own / "big").write_bytes(bytes(MEGABYTE + 1)), limits=limits)


def test_no_more_files_can_be_open_than_the_limit(place: Place) -> None:
    def open_many(count: int) -> None:
        for _ in range(count):
            os.open(place.own / "file", os.O_RDONLY)

    confined(place, lambda: open_many(10), limits=Limits(open_files=64))
    with pytest.raises(OSError, match="Too many open files"):
        confined(place, lambda: open_many(64), limits=Limits(open_files=64))


def test_a_process_ends_at_its_limit_of_processor_time(place: Place) -> None:
    def spin() -> None:
        while True:
            pass

    with pytest.raises(ChildProcessError, match="SIGXCPU"):
        confined(place, spin, limits=Limits(cpu_seconds=1))


def test_no_more_processes_can_be_started_than_the_limit(ordinary_place: Place) -> None:
    fork: Attack = lambda: forked(lambda: None, ordinary_place.user)  # noqa: E731 - used twice, below.
    confined(ordinary_place, fork, limits=Limits(processes=4096))
    with pytest.raises(BlockingIOError):
        confined(ordinary_place, fork, limits=Limits(processes=1))


def test_limits_cannot_be_raised_again(place: Place) -> None:
    with pytest.raises((PermissionError, ValueError)):
        confined(place, lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1)))


def test_it_dies_with_its_parent(place: Place) -> None:
    def bear() -> int:
        ready, started = os.pipe()
        pid = os.fork()
        if pid == 0:
            place.confine()
            os.write(started, b".")
            # The test reads a pipe of its own until the last writer is gone.
            os.closerange(3, 256)
            time.sleep(10)
            os._exit(0)
        os.read(ready, 1)
        return pid

    orphan = forked(bear, place.user)
    wait_until(lambda: is_gone(orphan), seconds=1)


def test_a_parent_that_is_gone_already_is_noticed(place: Place) -> None:
    with pytest.raises(ChildProcessError, match="SIGKILL"):
        forked(lambda: linux.die_with_parent(os.getpid()), place.user)


def test_a_process_with_threads_is_not_half_confined(here: Place) -> None:
    code = f"""
import threading, time, pathlib
from classifier.confinement import ConfinementError, Limits, confine
threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
try:
    confine(directory=pathlib.Path({str(here.own)!r}), tmp=pathlib.Path({str(here.tmp)!r}), read_only=[],
            connect_ports=[], limits=Limits())
except ConfinementError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "2 threads" in result.stdout


def test_a_read_only_folder_around_the_tenants_is_refused(here: Place) -> None:
    around = Place(here.user, here.own, here.tmp, here.neighbour, code=here.own.parent)
    with pytest.raises(ConfinementError, match="one by one"):
        confined(around, lambda: None)


def test_a_folder_that_does_not_exist_is_an_error(place: Place) -> None:
    shutil.rmtree(place.code)
    with pytest.raises(FileNotFoundError):
        confined(place, lambda: None)


def test_a_kernel_without_landlock_is_reported(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    record = forked(place.confine, place.user)
    assert record.undumpable
    assert any("files of other tenants" in gap for gap in record.gaps)


def test_the_libraries_work_in_confinement(here: Place) -> None:
    code = f"""
import pathlib, warnings
from classifier import confinement
confinement.confine(
    directory=pathlib.Path({str(here.own)!r}), tmp=pathlib.Path({str(here.tmp)!r}),
    read_only=confinement.interpreter(), connect_ports=[1], limits=confinement.Limits(data=2 << 30),
)
warnings.simplefilter("error", UserWarning)
import celery, numpy, psycopg, redis
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
columns = numpy.random.default_rng(0).random((2000, 5))
labels = columns[:, 0] > 0.5
for estimator in (HistGradientBoostingClassifier(max_iter=3), LogisticRegression()):
    assert estimator.fit(columns, labels).score(columns, labels) > 0.9
for call in (lambda: redis.Redis(port=1).ping(), lambda: psycopg.connect("host=127.0.0.1 port=1 user=x")):
    try:
        call()
    except (redis.ConnectionError, psycopg.OperationalError) as error:
        print(error)
"""
    environment = {**confinement.environment(), "PATH": "/bin", "PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("refused") == 2


def test_it_is_open_to_profilers_where_a_developer_wants_it(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert forked(here.confine, here.user).undumpable
    monkeypatch.setenv("ASSORT_PROFILE", "on")
    assert not forked(here.confine, here.user).undumpable
