"""What the fleet does about workers that stand still or die; its children here only wait, or compute."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from classifier.fleet import crew as crews
from classifier.fleet.crew import Crew
from classifier.forkserver import ForkServer
from classifier.secret import Secret
from saas import process


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
    secret = Secret("abcdefgh12345678", "train", "one", "other")
    crew.start(secret)
    try:
        yield crew, next(iter(crew.workers)), secret.name
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
