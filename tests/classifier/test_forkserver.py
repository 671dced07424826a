import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from select import select

import pytest

from classifier.forkserver import Exit, ForkServer, ForkServerDied
from tests.classifier.processes import is_gone, memory_contains, wait_until

ROOT = Path(__file__).resolve().parents[2]
ENTRY = "tests.classifier.forked:child"
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OBSERVABLE": "1"}


@pytest.fixture
def server() -> Iterator[ForkServer]:
    server = ForkServer.start(entry=ENTRY, preload=["json", "numpy.random"], environment=ENVIRONMENT)
    yield server
    server.stop()


def fork(server: ForkServer, tmp_path: Path, do: str, **order: object) -> int:
    secret = json.dumps({"do": do, "to": str(tmp_path / "out"), **order}).encode()
    return server.fork(secret, log=tmp_path / "log", title="assort t_0123456789abcdef infer")


def answer(tmp_path: Path) -> str:
    """Wait for what the child writes, and take it away."""
    wait_until((tmp_path / "out").exists, seconds=10)
    text = (tmp_path / "out").read_text()
    (tmp_path / "out").unlink()
    return text


def next_exit(server: ForkServer) -> Exit:
    while select([server], [], [], 10)[0]:
        for ended in server.exits():
            return ended
    raise AssertionError("no child has ended")


def test_a_child_gets_its_secret_and_the_given_environment(server: ForkServer, tmp_path: Path) -> None:
    fork(server, tmp_path, "report", canary="for-me")
    report = json.loads(answer(tmp_path))
    assert json.loads(report["secret"])["canary"] == "for-me"
    assert {name: report["environment"].get(name) for name in ENVIRONMENT} == ENVIRONMENT
    assert not set(report["environment"]) - set(ENVIRONMENT) - {"LC_CTYPE"}


def test_a_child_keeps_no_descriptor_but_its_log(server: ForkServer, tmp_path: Path) -> None:
    os.mkdir(tmp_path / "sibling")
    fork(server, tmp_path / "sibling", "wait")
    answer(tmp_path / "sibling")
    fork(server, tmp_path, "report")
    descriptors = json.loads(answer(tmp_path))["descriptors"]
    log = str(tmp_path / "log")
    assert {number: target for number, target in descriptors.items() if target} == {
        "0": "/dev/null",
        "1": log,
        "2": log,
    }


def test_a_child_is_a_process_of_its_own(server: ForkServer, tmp_path: Path) -> None:
    pid = fork(server, tmp_path, "report")
    report = json.loads(answer(tmp_path))
    assert report["session"] == pid
    assert report["name"] == "assort t_012345"
    assert report["command"] == "assort t_0123456789abcdef infer"


def test_a_child_collects_garbage_but_not_the_shared_pages(server: ForkServer, tmp_path: Path) -> None:
    fork(server, tmp_path, "report")
    report = json.loads(answer(tmp_path))
    assert report["collecting"]
    assert report["frozen"] > 10_000


def test_siblings_draw_different_random_numbers(server: ForkServer, tmp_path: Path) -> None:
    reports = []
    for _ in range(2):
        fork(server, tmp_path, "report")
        reports.append(json.loads(answer(tmp_path)))
    assert reports[0]["random"] != reports[1]["random"]
    assert reports[0]["numpy"] != reports[1]["numpy"]


def test_a_child_is_undumpable_from_its_first_moment(tmp_path: Path) -> None:
    server = ForkServer.start(entry=ENTRY, preload=[], environment={"OPENBLAS_NUM_THREADS": "1"})
    fork(server, tmp_path, "report")
    assert json.loads(answer(tmp_path))["dumpable"] == 0
    server.stop()


def test_a_secret_is_in_the_memory_of_its_child_only(server: ForkServer, tmp_path: Path) -> None:
    canary = os.urandom(16).hex()
    mine = fork(server, tmp_path, "wait", canary=canary)
    answer(tmp_path)
    sibling = fork(server, tmp_path, "wait")
    answer(tmp_path)
    assert memory_contains(mine, canary.encode())
    assert not memory_contains(server.pid, canary.encode())
    assert not memory_contains(sibling, canary.encode())
    assert canary.encode() not in Path(f"/proc/{server.pid}/environ").read_bytes()


def test_the_fleets_environment_does_not_reach_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_SECRET", "hidden")
    server = ForkServer.start(entry=ENTRY, preload=[], environment=ENVIRONMENT)
    environ = Path(f"/proc/{server.pid}/environ").read_bytes()
    server.stop()
    assert b"OBSERVABLE" in environ
    assert b"hidden" not in environ


def test_twenty_children_are_forked_in_a_row(
    server: ForkServer, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seconds = []
    for _ in range(20):
        begin = time.perf_counter()
        fork(server, tmp_path, "report")
        answer(tmp_path)
        seconds.append(time.perf_counter() - begin)
    sys.stdout.write(f"fork to a running child: median {1000 * statistics.median(seconds):.1f} ms\n")
    record_property("fork_ms", 1000 * statistics.median(seconds))
    assert statistics.median(seconds) < 0.3


def test_twenty_children_end_with_their_own_codes(server: ForkServer, tmp_path: Path) -> None:
    expected = {fork(server, tmp_path, "exit", code=code): code for code in range(20)}
    codes: dict[int, int | None] = {}
    while len(codes) < len(expected):
        assert select([server], [], [], 10)[0]
        codes |= {ended.pid: ended.code for ended in server.exits()}
    assert codes == expected
    assert server.exits() == []


def test_a_child_that_raises_leaves_its_traceback_in_its_log(server: ForkServer, tmp_path: Path) -> None:
    pid = fork(server, tmp_path, "fail")
    assert next_exit(server) == Exit(pid, 1, None)
    assert "RuntimeError: this child failed" in (tmp_path / "log").read_text()


def test_a_killed_child_is_reported_with_its_signal(server: ForkServer, tmp_path: Path) -> None:
    pid = fork(server, tmp_path, "wait")
    answer(tmp_path)
    os.kill(pid, signal.SIGKILL)
    assert next_exit(server) == Exit(pid, None, signal.SIGKILL)


def test_the_fleet_signals_a_child_through_the_server(server: ForkServer, tmp_path: Path) -> None:
    pid = fork(server, tmp_path, "wait")
    answer(tmp_path)
    server.signal(pid, signal.SIGTERM)
    assert next_exit(server) == Exit(pid, None, signal.SIGTERM)
    server.signal(pid, signal.SIGTERM)
    assert fork(server, tmp_path, "exit", code=0) != pid


def test_signals_that_the_fleet_blocks_reach_a_child(tmp_path: Path) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    server = ForkServer.start(entry=ENTRY, preload=[], environment=ENVIRONMENT)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    pid = fork(server, tmp_path, "wait")
    answer(tmp_path)
    server.signal(pid, signal.SIGTERM)
    assert next_exit(server) == Exit(pid, None, signal.SIGTERM)
    server.stop()


def test_what_a_child_leaves_behind_is_killed_with_it(server: ForkServer, tmp_path: Path) -> None:
    fork(server, tmp_path, "bear", stay=0)
    grandchild = int(answer(tmp_path))
    next_exit(server)
    wait_until(lambda: is_gone(grandchild), seconds=1)


def test_a_killed_server_is_noticed_and_takes_its_children_along(server: ForkServer, tmp_path: Path) -> None:
    pid = fork(server, tmp_path, "wait")
    answer(tmp_path)
    assert server.alive()
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: is_gone(pid), seconds=1)
    with pytest.raises(ForkServerDied, match="makes another"):
        fork(server, tmp_path, "wait")
    with pytest.raises(ForkServerDied):
        server.exits()
    assert not server.alive()


def test_a_stopped_server_leaves_nothing(server: ForkServer, tmp_path: Path) -> None:
    pids = [fork(server, tmp_path, "bear", stay=30)]
    pids.append(int(answer(tmp_path)))
    pids.append(fork(server, tmp_path, "wait"))
    assert not any(is_gone(pid) for pid in pids)
    server.stop()
    wait_until(lambda: all(is_gone(pid) for pid in [server.pid, *pids]), seconds=1)


def test_a_killed_fleet_takes_server_and_children_along(tmp_path: Path) -> None:
    fleet_code = f"""
import pathlib, time
from classifier.forkserver import ForkServer
server = ForkServer.start(entry={ENTRY!r}, preload=[], environment={ENVIRONMENT!r})
order = b'{{"do": "wait", "to": "{tmp_path}/out"}}'
child = server.fork(order, log=pathlib.Path("{tmp_path}/log"), title="child")
print(server.pid, child, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", fleet_code], cwd=ROOT, stdout=subprocess.PIPE) as fleet:
        assert fleet.stdout is not None
        pids = [int(word) for word in fleet.stdout.readline().split()]
        answer(tmp_path)
        fleet.kill()
    assert len(pids) == 2
    wait_until(lambda: all(is_gone(pid) for pid in pids), seconds=1)


def test_a_module_that_cannot_be_loaded_is_said_at_the_start(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ForkServerDied, match="status 1"):
        ForkServer.start(entry=ENTRY, preload=["no_such_module"], environment={})
    assert "no_such_module" in capfd.readouterr().err


def test_a_secret_that_a_pipe_cannot_hold_is_refused(server: ForkServer, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        server.fork(bytes(1 << 20), log=tmp_path / "log", title="child")
    fork(server, tmp_path, "exit", code=0)
    assert next_exit(server).code == 0


def test_a_link_in_the_place_of_a_log_is_not_followed(server: ForkServer, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("untouched")
    (tmp_path / "log").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        fork(server, tmp_path, "fail")
    assert (tmp_path / "victim").read_text() == "untouched"


def test_the_fleet_reads_the_memory_of_a_child_that_is_closed_to_it(tmp_path: Path) -> None:
    server = ForkServer.start(entry=ENTRY, preload=["numpy"], environment={"OPENBLAS_NUM_THREADS": "1"})
    pid = fork(server, tmp_path, "wait")
    answer(tmp_path)
    memory = server.memory(pid)
    assert memory is not None
    assert 1_000_000 < memory.own <= memory.pss
    server.signal(pid, signal.SIGKILL)
    next_exit(server)
    assert server.memory(pid) is None
    server.stop()


def test_the_fleet_lets_a_child_weigh_less(server: ForkServer, tmp_path: Path) -> None:
    pid = fork(server, tmp_path, "wait")
    answer(tmp_path)
    server.exits()
    # A kernel that does not weigh sessions has no such file, and then there is nothing to do.
    weight = Path(f"/proc/{pid}/autogroup")
    assert server.weigh(pid, 5) == weight.exists()
    assert not weight.exists() or weight.read_text().split()[-1] == "5"


def test_neither_side_keeps_a_descriptor_of_a_fork(server: ForkServer, tmp_path: Path) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd")) + len(os.listdir(f"/proc/{server.pid}/fd"))

    before = descriptors()
    for _ in range(5):
        fork(server, tmp_path, "exit", code=0)
        next_exit(server)
    assert descriptors() == before


def test_a_fork_that_the_system_refuses_is_said_and_the_server_lives_on(tmp_path: Path) -> None:
    server = ForkServer.start(entry=ENTRY, preload=[], environment={**ENVIRONMENT, "FULL": "1"})
    for _ in range(2):
        with pytest.raises(BlockingIOError, match="cannot fork a worker"):
            fork(server, tmp_path, "wait")
    assert server.alive()
    server.stop()


def test_a_module_that_starts_a_thread_is_said_at_the_start(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ForkServerDied):
        ForkServer.start(entry=ENTRY, preload=[], environment={**ENVIRONMENT, "THREADED": "1"})
    assert "the modules to preload start threads (MainThread, eager)" in capfd.readouterr().err


def test_a_child_is_open_to_profilers_where_a_developer_wants_it(tmp_path: Path) -> None:
    environment = {"OPENBLAS_NUM_THREADS": "1", "ASSORT_PROFILE": "on"}
    server = ForkServer.start(entry=ENTRY, preload=[], environment=environment)
    fork(server, tmp_path, "report")
    assert json.loads(answer(tmp_path))["dumpable"] == 1
    server.stop()
