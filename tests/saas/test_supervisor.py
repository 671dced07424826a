import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from saas import ports, process
from saas.instance import ROOT

Up = Callable[..., subprocess.Popen[str]]


def marked(mark: str) -> list[process.Found]:
    """Return the living processes that a test has started, found by a word in their environment."""
    found = []
    for pid, status in process.processes():
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if mark.encode() in environ and status.state != "Z":
            found.append(process.Found(pid, status.started))
    return found


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[str]:
    mark = f"{tmp_path.name}-{os.getpid()}-{time.monotonic_ns()}"
    yield mark
    process.end(marked(mark), how=signal.SIGKILL)


@pytest.fixture
def up(tmp_path: Path, mark: str) -> Iterator[Up]:
    started: list[subprocess.Popen[str]] = []

    def start(scenario: str, *, port: int | None = None, data: str = "data") -> subprocess.Popen[str]:
        supervisor = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.saas.stand_ins"),
                *(str(tmp_path / data), str(port or ports.free({})), scenario),
            ],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "MARK": mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(supervisor)
        return supervisor

    yield start
    process.end(marked(mark), how=signal.SIGKILL)
    for supervisor in started:
        supervisor.communicate()  # Reads what is left and closes the pipes.


def read_until(supervisor: subprocess.Popen[str], wanted: str) -> list[str]:
    lines: list[str] = []
    assert supervisor.stdout is not None
    for line in supervisor.stdout:
        lines.append(line.rstrip())
        if wanted in line:
            return lines
    raise AssertionError(f"{wanted!r} was never said: {lines}, {supervisor.stderr and supervisor.stderr.read()}")


def pid_of(tmp_path: Path, part: str) -> int:
    return int((tmp_path / "data" / "run" / f"{part}.pid").read_text().split()[0])


def all_gone(mark: str, seconds: float = 5.0) -> bool:
    return process.wait_for(lambda: not marked(mark), seconds)


def test_it_says_what_it_waits_for_and_then_that_it_is_ready(up: Up) -> None:
    port = ports.free({})
    said = read_until(up("prepared", port=port), "ready")
    assert said[0] == "waiting for prepare"
    assert said[1] == "waiting for first"
    assert said[-1] == f"ready http://127.0.0.1:{port}"


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_status_0_and_leaves_no_process(up: Up, mark: str, signum: int) -> None:
    supervisor = up("well")
    read_until(supervisor, "ready")
    assert len(marked(mark)) == 3
    supervisor.send_signal(signum)
    assert supervisor.wait(10) == 0
    assert marked(mark) == []


def test_a_part_that_dies_is_started_again(up: Up, tmp_path: Path) -> None:
    supervisor = up("well")
    read_until(supervisor, "ready")
    first = pid_of(tmp_path, "first")
    os.kill(first, signal.SIGKILL)
    assert read_until(supervisor, "first ended by SIGKILL and is started again")
    read_until(supervisor, "first is back")
    assert pid_of(tmp_path, "first") != first


def test_a_part_that_keeps_dying_is_started_less_and_less_often(up: Up, tmp_path: Path) -> None:
    supervisor = up("well")
    read_until(supervisor, "ready")
    pauses = []
    for _ in range(3):
        os.kill(pid_of(tmp_path, "first"), signal.SIGKILL)
        read_until(supervisor, "is started again")
        died = time.monotonic()
        read_until(supervisor, "first is back")
        pauses.append(time.monotonic() - died)
    assert pauses[0] < pauses[1] < pauses[2]


def test_a_part_that_refuses_to_start_is_reported_with_the_end_of_its_log(up: Up, mark: str) -> None:
    said, complaint = up("refusing").communicate(timeout=15)
    assert "the configuration is unsafe" in said
    assert complaint.startswith("assort: first ended with status 1.")
    assert complaint.rstrip().endswith("first.log")
    assert complaint.count("\n") == 1
    assert marked(mark) == []


def test_a_part_that_cannot_be_started_at_all_is_reported_after_some_attempts(up: Up, mark: str) -> None:
    said, complaint = up("absent").communicate(timeout=20)
    assert said.count("first ended before it had begun") == 2
    assert complaint.startswith("assort: first ended before it had begun")
    assert "no-such-program" in complaint
    assert marked(mark) == []


def test_nothing_else_starts_when_the_preparation_fails(up: Up, tmp_path: Path) -> None:
    supervisor = up("unprepared")
    said, complaint = supervisor.communicate(timeout=15)
    assert supervisor.returncode == 1
    assert "the migration failed" in said
    assert "prepare ended with status 1" in complaint
    assert not (tmp_path / "data" / "logs" / "first.log").exists()


def test_a_part_that_does_not_stop_is_killed_after_its_grace(up: Up, mark: str) -> None:
    supervisor = up("deaf")
    read_until(supervisor, "ready")
    supervisor.terminate()
    assert "first does not stop and is killed" in read_until(supervisor, "killed")
    assert supervisor.wait(10) == 0
    assert marked(mark) == []


def test_what_a_part_leaves_behind_ends_with_the_supervisor(up: Up, mark: str) -> None:
    supervisor = up("leaving")
    read_until(supervisor, "ready")
    assert len(marked(mark)) == 3
    supervisor.terminate()
    assert supervisor.wait(10) == 0
    assert all_gone(mark)


def test_killing_the_supervisor_ends_its_parts(up: Up, mark: str) -> None:
    supervisor = up("well")
    read_until(supervisor, "ready")
    supervisor.kill()
    assert all_gone(mark)


def test_the_next_start_ends_what_a_killed_supervisor_left(up: Up, mark: str, tmp_path: Path) -> None:
    supervisor = up("deaf")
    read_until(supervisor, "ready")
    left = pid_of(tmp_path, "first")
    supervisor.kill()
    supervisor.wait()
    assert [found.pid for found in marked(mark)] == [left]
    assert "ending first, left over from a run that was killed" in read_until(up("well"), "ready")
    assert left not in [found.pid for found in marked(mark)]


def test_a_stale_pid_file_does_not_stop_the_start_nor_end_a_stranger(up: Up, tmp_path: Path) -> None:
    stranger = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    run = tmp_path / "data" / "run"
    run.mkdir(parents=True)
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    (run / "first.pid").write_text(f"{stranger.pid} 1 {boot}\n")
    (run / "second.pid").write_text("cut sh")
    read_until(up("well"), "ready")
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_port_that_is_taken_is_reported_before_anything_starts(up: Up, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        supervisor = up("well", port=port)
        _, complaint = supervisor.communicate(timeout=15)
    assert supervisor.returncode == 1
    assert complaint == f"assort: Port {port} is taken. Choose another one: ./assort up --port {port + 1}\n"
    assert not (tmp_path / "data" / "logs" / "first.log").exists()


def test_a_second_one_on_the_same_data_is_refused(up: Up) -> None:
    read_until(up("well"), "ready")
    second = up("well")
    _, complaint = second.communicate(timeout=15)
    assert second.returncode == 1
    assert complaint.startswith("assort: Another ./assort is running on ")


def test_two_with_different_data_and_ports_live_side_by_side(up: Up) -> None:
    first, second = up("well", data="data"), up("well", data="other")
    read_until(first, "ready")
    read_until(second, "ready")
    assert first.poll() is None
