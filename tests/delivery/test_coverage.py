import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from coverage import CoverageData

from saas.instance import ROOT
from tests.delivery import coverage

# A process that forks another, which resets its signals as parts of the service do, and is ended from outside.
FORKS = """
import os, signal, time
import tenants.ids
child = os.fork()
if child == 0:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    import tenants.names
    time.sleep(60)
time.sleep(1)
os.kill(child, signal.SIGTERM)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
"""

# A worker: it is forked, closes what it holds, and gives up to open files.
WALLED = """
import os, resource
child = os.fork()
if child == 0:
    os.closerange(4, 1024)
    import tenants.names
    import tenants.ids
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    LEAVE
else:
    os.waitpid(child, 0)
"""

# A web process, whose server calls the application in threads that it makes without Python's knowledge.
WEB = """
import _thread, threading
from granian import wsgi
answered = threading.Event()
class Connection:
    def response_bytes(self, *answer):
        answered.set()
def application(environ, respond):
    import tenants.names
    return []
_thread.start_new_thread(wsgi._callback_wrapper(application, {}), (Connection(), {}))
assert answered.wait(10)
"""


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the data go, with a switch that no other process of this environment reads."""
    monkeypatch.setattr(coverage, "DATA", tmp_path / "data")
    monkeypatch.setattr(coverage, "SWITCH", tmp_path / "switch")
    coverage.DATA.mkdir()
    return coverage.DATA


def run(code: str, **more: str) -> None:
    """Run it as the interpreter of the service would: reading the switch, in an environment that says nothing of it."""
    switch = coverage.SWITCH.read_text()
    path = os.pathsep.join(place for place in (str(ROOT), *sys.path) if place)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path, **more}
    subprocess.run([sys.executable, "-S", "-c", switch + code], env=environment, cwd=ROOT, check=True)


def measured_files(folder: Path) -> set[str]:
    """Return the names of the files of which the one process that has left data ran something."""
    (left,) = folder.iterdir()
    data = CoverageData(basename=str(left))
    data.read()
    # Files of which nothing was run are known to it as well.
    return {Path(file).name for file in data.measured_files() if data.lines(file)}


def test_a_process_and_what_it_forks_write_down_what_they_ran(measured: Path) -> None:
    with coverage.switched_on():
        run(FORKS)
    assert len(list(measured.iterdir())) == 2


@pytest.mark.parametrize("leave", ["pass", "os._exit(0)"])
def test_a_worker_that_may_open_nothing_any_more_is_measured(leave: str, measured: Path) -> None:
    with coverage.switched_on():
        run(WALLED.replace("LEAVE", leave), ASSORT_PART="worker")
    coverage.take_apart()
    assert "names.py" in measured_files(measured)


def test_what_a_web_process_answers_is_measured(measured: Path) -> None:
    with coverage.switched_on():
        run(WEB, ASSORT_PART="web")
    assert "names.py" in measured_files(measured)


def test_the_switch_is_off_afterwards_and_when_its_run_has_died(measured: Path) -> None:
    with coverage.switched_on():
        switch = coverage.SWITCH.read_text()
    assert not coverage.SWITCH.exists()
    coverage.SWITCH.write_text(switch.replace(f"/proc/{os.getpid()}", "/proc/0"))
    run("import tenants.ids")
    assert list(measured.iterdir()) == []


def test_what_a_killed_process_left_half_written_is_removed(measured: Path) -> None:
    with coverage.switched_on():
        run("import tenants.ids")
    (measured / "run.torn").write_bytes(b"SQLite format 3")
    coverage.drop_torn()
    assert "ids.py" in measured_files(measured)


@pytest.mark.parametrize(("covered", "status"), [(949, 1), (950, 0)])
def test_too_few_branches_fail_and_the_page_of_the_job_says_how_many(
    covered: int, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    totals = json.dumps({"totals": {"covered_branches": covered, "num_branches": 1000}})
    monkeypatch.setattr(coverage, "_report", lambda kind, *_: totals if kind == "json" else "| a table |\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page"))
    assert coverage.tell() == status
    page = (tmp_path / "page").read_text()
    assert f"{covered / 10:.1f} % of the branches are taken, 95 % are required" in page
    assert "| a table |" in page
