import subprocess
import sys
from pathlib import Path

import pytest

from saas import checks, commandline
from saas.checks import Gate
from saas.instance import ROOT, Instance


@pytest.fixture(autouse=True)
def _no_servers_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


def assort(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "saas.commandline", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [["fly"], [], ["up", "--port", "eighty"], ["up", "--port", "70000"], ["up", "--wings"]]
)
def test_a_mistake_gets_one_line_on_stderr_and_a_status(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        commandline.main(arguments)
    assert stopped.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("assort: ")
    assert said.err.count("\n") == 1


def test_starting_over_is_refused_where_nobody_can_be_asked(tmp_path: Path) -> None:
    instance = Instance.create(tmp_path / "data")
    done = assort("up", "--fresh", "--data", str(tmp_path / "data"))
    assert done.returncode == 1
    assert done.stderr.startswith("assort: --fresh deletes all data")
    assert Instance.create(tmp_path / "data").secrets == instance.secrets


def test_starting_over_is_refused_for_servers_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://boss:pw@db.example/service")
    assert commandline.main(["up", "--fresh", "--yes", "--data", str(tmp_path)]) == 1
    assert "embedded data only" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql://boss:pw@db.example/service?pgbouncer=true"),
        ("REDIS_URL", "redis://:pw@broker.example/2"),
    ],
)
@pytest.mark.parametrize("command", ["up", "doctor", "secrets"])
def test_an_address_that_a_process_would_not_understand_is_one_line(
    command: str,
    name: str,
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, url)
    assert commandline.main(["--data", str(tmp_path / "data"), command]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"assort: {name} ")
    assert said.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_directory_that_cannot_be_used_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert commandline.main(["up", "--data", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_managing_an_instance_that_does_not_run_says_how_to_start_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commandline.main(["--data", str(tmp_path), "manage", "organisation", "list"]) == 1
    assert "Start it with ./assort up" in capsys.readouterr().err


def test_managing_hands_every_argument_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[object] = []
    monkeypatch.setattr("os.execve", lambda *call: handed.extend(call))
    monkeypatch.setattr("os.chdir", lambda _path: None)
    commandline.main(["--data", str(tmp_path), "manage", "makemigrations", "--check", "-v", "0"])
    _, command, environment = handed
    assert command == [sys.executable, "-m", "django", "makemigrations", "--check", "-v", "0"]
    assert isinstance(environment, dict)
    assert environment["ASSORT_PART"] == "prepare"


def test_tests_run_from_any_directory_with_what_pytest_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "saas.commandline", "test", "tests/saas/test_instance.py", "--version"],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout[:7]) == (0, "pytest "), done.stderr


def test_the_bench_says_what_it_measures() -> None:
    done = assort("bench", "--help")
    assert (done.returncode, "pages, lighthouse, tasks" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize(("arguments", "words"), [(["coverage", "--help"], "--append"), (["release", "next"], "0.")])
def test_what_delivers_the_product_is_within_reach(arguments: list[str], words: str) -> None:
    done = assort(*arguments)
    assert (done.returncode, words in done.stdout) == (0, True), done.stderr


def test_every_gate_runs_also_after_one_has_failed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def gates(_openapi: Path) -> list[Gate]:
        return [
            Gate("first", (sys.executable, "-c", "import sys; sys.exit(1)"), "Mend the first."),
            Gate("second", (sys.executable, "-c", "print('second ran')"), "Mend the second."),
        ]

    monkeypatch.setattr(checks, "gates", gates)
    assert commandline.main(["check"]) == 1
    said = capfd.readouterr()
    assert "second ran" in said.out
    assert said.err == "assort: first failed. Mend the first.\n"


def test_all_gates_that_hold_are_status_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "gates", lambda _openapi: [Gate("one", (sys.executable, "-c", ""), "")])
    assert commandline.main(["check"]) == 0


def test_a_gate_that_needs_the_network_runs_only_when_it_is_named(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    holds = (sys.executable, "-c", "")
    two = [Gate("near", holds, ""), Gate("far", holds, "", is_online=True)]
    monkeypatch.setattr(checks, "gates", lambda _openapi: two)
    assert (commandline.main(["check"]), capfd.readouterr().out) == (0, "--- near\n")
    assert (commandline.main(["check", "far"]), capfd.readouterr().out) == (0, "--- far\n")


def test_a_gate_that_is_not_there_is_one_line_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert commandline.main(["check", "beauty"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("assort: there is no gate beauty. Choose among style, format, types,")
    assert said.count("\n") == 1
