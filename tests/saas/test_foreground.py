"""A role in the foreground ends as its parts do, and its parts end as it does."""

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from saas import process
from saas.instance import ROOT
from saas.ports import HOST, free

STAYS = "import signal, time; signal.signal(15, lambda *_: exit(0)); print('here', flush=True); time.sleep(60)"
# Says that it is ready, and needs half a second to end.
DRAINS = (
    "import signal, time; from tenants import notify\n"
    "signal.signal(15, lambda *_: (time.sleep(0.5), print('drained', flush=True), exit(0)))\n"
    "notify.ready(); time.sleep(60)"
)
ENDS = "import time; time.sleep(0.3); exit(3)"
PROGRAM = """
import os, sys
from saas.foreground import Foreground
from saas.process import Part
from saas.programs import Address
port, once, *codes = sys.argv[1:]
environment = dict(os.environ)
commands = [(sys.executable, "-c", code) for code in codes]
parts = [Part(f"part{n}", command, environment, once=once == "once") for n, command in enumerate(commands)]
sys.exit(Foreground(parts, Address("127.0.0.1", int(port))).run())
"""


@contextmanager
def running(*codes: str, once: bool = False) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free({})
    command = [sys.executable, "-c", PROGRAM, str(port), "once" if once else "stays", *codes]
    started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield started, port
    finally:
        process.end(process.descendants(started.pid), how=signal.SIGKILL)
        started.kill()
        started.communicate()


def status(port: int, path: str) -> int:
    try:
        return int(urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=5).status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def ready(port: int) -> bool:
    return process.wait_for(lambda: status(port, "/readyz") == 200, 20)


def test_it_is_ready_once_its_part_says_so_and_lives_before() -> None:
    with running(STAYS) as (_, port):
        assert process.wait_for(lambda: status(port, "/livez") == 200, 20)
        assert status(port, "/readyz") == 503
    with running(DRAINS) as (_, port):
        assert ready(port)


def test_told_to_end_it_waits_for_what_its_parts_have_in_hand_and_is_not_ready_meanwhile() -> None:
    with running(DRAINS) as (started, port):
        assert ready(port)
        started.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert status(port, "/readyz") == 503
        assert started.communicate(timeout=20)[0] == "drained\n"
        assert started.returncode == 0


def test_a_part_that_ends_ends_the_others_and_its_status_is_told() -> None:
    with running(DRAINS, ENDS) as (started, _):
        assert started.communicate(timeout=20)[0] == "drained\n"
        assert started.returncode == 3


def test_a_part_that_was_to_stay_and_ends_well_is_a_failure_all_the_same() -> None:
    with running("exit(0)") as (started, _):
        assert started.wait(20) == 1


def test_what_ends_by_itself_runs_in_turn_and_stops_at_the_first_that_fails() -> None:
    with running("print('first', flush=True)", "exit(4)", "print('third', flush=True)", once=True) as (started, _):
        assert started.communicate(timeout=20)[0] == "first\n"
        assert started.returncode == 4


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_what_ends_by_itself_ends_sooner_when_it_is_told(told: signal.Signals) -> None:
    with running(STAYS, "print('next', flush=True)", once=True) as (started, _):
        assert started.stdout is not None
        assert started.stdout.readline() == "here\n"
        started.send_signal(told)
        assert started.communicate(timeout=20)[0] == ""


def test_what_a_part_leaves_behind_ends_with_it() -> None:
    left_alone = "['sleep', '60'], start_new_session=True, stdout=subprocess.DEVNULL"
    leaves = f"import subprocess; print(subprocess.Popen({left_alone}).pid, flush=True)"
    with running(leaves) as (started, _):
        left = int(started.communicate(timeout=20)[0])
    assert not any(pid == left and found.state not in "ZX" for pid, found in process.processes())
