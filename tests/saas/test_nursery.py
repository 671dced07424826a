import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import django
import pytest

from saas.nursery import Child, Nursery
from saas.place import MANAGE
from saas.process import Part

SECRET = "the-password-of-this-part-alone"


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery({"PATH": os.environ["PATH"]})
    yield made
    made.stop()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "part.log"


def begun(nursery: Nursery, log: Path, *command: str) -> Child:
    environment = {"PASSWORD": SECRET, "DJANGO_SETTINGS_MODULE": "django.conf.global_settings"}
    part = Part("part", (*MANAGE, *command), environment, is_forked=True)
    return nursery.start(part, log=log, extra={})


def waiting(nursery: Nursery, log: Path) -> Child:
    """A part that does nothing until it is ended."""
    return begun(nursery, log, "shell", "--no-imports", "--command", "import time; time.sleep(60)")


def test_a_part_runs_its_command_and_writes_to_its_log(nursery: Nursery, log: Path) -> None:
    assert begun(nursery, log, "version").wait(20) == 0
    assert log.read_text().strip() == django.get_version()


def test_how_a_part_ended_is_told(nursery: Nursery, log: Path) -> None:
    assert begun(nursery, log, "no-such-command").wait(20) == 1
    assert "no-such-command" in log.read_text()


def test_its_environment_is_its_own_and_stands_nowhere_in_proc(nursery: Nursery, log: Path) -> None:
    other = waiting(nursery, log)
    assert other.poll() is None
    for pid in (nursery.pid, other.pid):
        assert SECRET.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
    other.send_signal(signal.SIGKILL)
    assert other.wait(20) == -signal.SIGKILL


def test_waiting_for_one_that_goes_on_ends(nursery: Nursery, log: Path) -> None:
    child = waiting(nursery, log)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(1)
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == -signal.SIGTERM


def test_when_it_dies_its_parts_are_dead_and_the_next_one_starts(log: Path) -> None:
    nursery = Nursery({"PATH": os.environ["PATH"]})
    child = waiting(nursery, log)
    os.kill(nursery.pid or 0, signal.SIGKILL)
    assert child.wait(20) == -signal.SIGKILL
    deadline = time.monotonic() + 20
    while Path(f"/proc/{child.pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{child.pid}").exists()
    assert begun(nursery, log, "version").wait(20) == 0
    nursery.stop()
