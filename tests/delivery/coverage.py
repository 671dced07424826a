"""The suite, and how many branches of `tenants` and `classifier` it takes, in every process of the service.

These see little of their caller's environment, so a line in site-packages tells the interpreter of .venv to measure
while the suite runs; see measured.py. A process that is killed tells nothing.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coverage import CoverageData
from coverage.exceptions import DataError

from saas.instance import ROOT
from tests.delivery.measured import WALLED

REQUIRED = 95.0
DATA = ROOT / ".coverage"
# Read by Python at each start, after assort.pth, which makes this project's packages importable.
SWITCH = Path(sysconfig.get_path("purelib")) / "assort_coverage.pth"
WHOLE_SUITE = ("-n", "2", "--dist", "loadfile")


def main(arguments: list[str] | None = None) -> int:
    rest = "Every other argument goes to pytest; without any, the whole suite runs."
    parser = argparse.ArgumentParser(prog="./assort coverage", description=rest, allow_abbrev=False)
    parser.add_argument("--append", action="store_true", help="add to what an earlier run has measured")
    options, tests = parser.parse_known_args(arguments)
    if not options.append:
        shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(exist_ok=True)
    with switched_on():
        status = _python("pytest", *(tests or WHOLE_SUITE))
    take_apart()
    drop_torn()
    _python("coverage", "combine", "--append", "--quiet")
    return tell() or status


@contextmanager
def switched_on() -> Iterator[None]:
    """Have every process of this environment measured, for as long as this one lives."""
    told = f"{str(ROOT / 'pyproject.toml')!r}, {str(DATA / 'run')!r}"
    switch = f"__import__('tests.delivery.measured').delivery.measured.start({told})"
    SWITCH.write_text(f"import os; os.path.exists('/proc/{os.getpid()}') and ({switch})\n", encoding="utf-8")
    try:
        yield
    finally:
        SWITCH.unlink()


def take_apart() -> None:
    """Make files of coverage's of what workers have left behind; those that were killed have left nothing."""
    for left in DATA.glob(f"{WALLED}*"):
        if content := left.read_bytes():
            data = CoverageData(basename=str(DATA / f"run.{left.name}"))
            data.loads(content)
            data.write()
        left.unlink()


def drop_torn() -> None:
    """Remove what cannot be read, since its process was killed while it wrote."""
    for written in DATA.glob("run.*"):
        try:
            CoverageData(basename=str(written)).read()
        except DataError:
            written.unlink()


def tell() -> int:
    """Print the table, write it into the summary of a job, and return 1 where too few branches are taken."""
    share = branches(_report("json", "--quiet", "-o", "-"))
    verdict = f"{share:.1f} % of the branches are taken, {REQUIRED:.0f} % are required"
    sys.stdout.write(f"{_report('report')}{verdict}\n")
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as page:
            page.write(f"## Coverage\n\n{verdict}\n\n{_report('report', '--format=markdown')}\n")
    return 0 if share >= REQUIRED else 1


def branches(report: str) -> float:
    """Return the share of branches in coverage's JSON, in percent."""
    totals = json.loads(report)["totals"]
    return 100 * float(totals["covered_branches"]) / float(totals["num_branches"])


def _report(*arguments: str) -> str:
    command = [sys.executable, "-m", "coverage", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _python(module: str, *arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
