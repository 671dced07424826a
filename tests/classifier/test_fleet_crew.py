"""What the fleet does about workers that stand still or die; its children here only wait, or compute."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from classifier.fleet import crew as crews
from classifier.fleet.crew import Crew
from classifier.fleet.failures import QUARANTINED_AFTER
from classifier.forkserver import ForkServer
from classifier.secret import Secret
from saas import process

TENANT = "abcdefgh12345678"
SECRET = Secret(TENANT, "train", "one", "other")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "STILL_SECONDS", 0.3)
    monkeypatch.setattr(crews, "LOOKED_EVERY", 0.0)


@contextmanager
def working(folder: Path, how: str) -> Iterator[tuple[Crew, int, str]]:
    """A crew of one, that worker's pid, and its name."""
    environment = {"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"}
    server = ForkServer.start(entry=f"tests.classifier.forked:{how}", preload=["numpy"], environment=environment)
    crew = Crew(server, folder)
    crew.start(SECRET)
    try:
        yield crew, next(iter(crew.workers)), SECRET.name
    finally:
        server.stop()


def looks(crew: Crew, until: Callable[[], bool], seconds: float = 10) -> bool:
    """Let the crew look around until something is so, and say whether it came to be."""

    def look() -> bool:
        crew.end_still()
        crew.tend()
        return until()

    return process.wait_for(look, seconds)


def test_a_worker_that_was_stopped_is_killed_and_what_it_had_is_lost(tmp_path: Path) -> None:
    with working(tmp_path, "waiting") as (crew, pid, name):
        os.kill(pid, signal.SIGSTOP)
        assert looks(crew, lambda: not crew.workers)
        assert crew.lost == {name}


def test_one_that_goes_on_soon_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "STILL_SECONDS", 2.0)
    with working(tmp_path, "waiting") as (crew, pid, _):
        for _ in range(3):
            os.kill(pid, signal.SIGSTOP)
            assert not looks(crew, lambda: not crew.workers, seconds=0.8)
            os.kill(pid, signal.SIGCONT)
            assert not looks(crew, lambda: not crew.workers, seconds=0.4)


@pytest.mark.parametrize("how", ["waiting", "computing"])
def test_no_worker_is_killed_for_what_takes_long(tmp_path: Path, how: str) -> None:
    with working(tmp_path, how) as (crew, pid, _):
        assert not looks(crew, lambda: not crew.workers, seconds=1.5)
        assert list(crew.workers) == [pid]


def test_what_ends_by_itself_has_lost_nothing(tmp_path: Path) -> None:
    with working(tmp_path, "ending") as (crew, _, _):
        assert looks(crew, lambda: not crew.workers)
        assert crew.lost == set()


def test_one_that_does_not_end_when_it_is_told_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "GRACE_SECONDS", 0.5)
    with working(tmp_path, "deaf") as (crew, pid, name):
        assert process.wait_for(lambda: crew.log_of(TENANT).read_text() == "deaf", 10)
        crew.stop(pid)
        assert looks(crew, lambda: not crew.workers)
        # It may have had something in hand, and was told to end: nobody takes that for a crash.
        assert (crew.lost, crew.failures) == ({name}, {})


def test_only_the_workers_of_those_who_are_named_are_killed(tmp_path: Path) -> None:
    with working(tmp_path, "waiting") as (crew, _, name):
        crew.kill({"zyxwvuts87654321"})
        assert not looks(crew, lambda: not crew.workers, seconds=0.5)
        crew.kill({TENANT})
        assert looks(crew, lambda: not crew.workers)
        assert crew.lost == {name}


def test_who_cannot_be_started_time_after_time_is_put_in_quarantine(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with working(tmp_path, "waiting") as (crew, pid, _):
        crew.log_of(TENANT).unlink()
        crew.log_of(TENANT).mkdir()
        for _ in range(QUARANTINED_AFTER):
            crew.start(SECRET)
        assert crew.failures[TENANT, "train"].is_quarantine
        assert f"is in quarantine after {QUARANTINED_AFTER} short lives" in caplog.text
        assert list(crew.workers) == [pid]


def test_a_log_that_has_grown_large_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "LOG_BYTES", 10)
    (tmp_path / f"{TENANT}.log").write_text("what an earlier worker had to say")
    with working(tmp_path, "ending") as (crew, _, _):
        assert crew.log_of(TENANT).read_text() == ""
        assert (tmp_path / f"{TENANT}.log.1").read_text() == "what an earlier worker had to say"
