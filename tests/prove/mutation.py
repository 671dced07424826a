"""`./assort prove mutants`: tests the tests. Each wall is taken away in a copy, and somebody must notice.

First all tests that are to notice run on the copy as it is, where they must pass: a test that fails anyway notices
nothing.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from saas.instance import ROOT
from tests.prove.mutants import MUTANTS, Mutant

# What a machine makes for itself; what comes from npm is taken from where it is.
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", ".assort*", ".*_cache", ".hypothesis", "__pycache__", "node_modules")
PASSED = 0
PATIENCE = 1_800
FAILURE = re.compile(r"^FAILED (.+?)(?: - .*)?$", re.MULTILINE)
# What a part says that finds itself with more rights than it should have.
# And the first start's, in which a model is trained and published, when it is denied what it needs.
REFUSAL = re.compile(r"UnsafeConfiguration: (.+)|assort: (\w+ ended with status \d+)")


@dataclass(frozen=True)
class Verdict:
    """What came of one mutant: the test that noticed, or what went wrong."""

    mutant: Mutant
    noticed: str
    fault: str
    seconds: float

    def __str__(self) -> str:
        return f"{'caught ' if self.noticed else 'MISSED '} {self.seconds:4.0f} s  {self.mutant.name}: {self.by}"

    @property
    def by(self) -> str:
        return self.noticed or self.fault


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    chosen = [mutant for mutant in MUTANTS if options.words.casefold() in mutant.name.casefold()]
    if not chosen:
        sys.stderr.write(f"assort: no mutant is called so: {options.words}\n")
        return 2
    with copied() as copy:
        ended = _tested(copy, sorted({test for mutant in chosen for test in mutant.tests}))
        if ended.returncode != PASSED:
            sys.stderr.write(f"{ended.stdout}\nassort: these tests fail before anything is taken away.\n")
            return 1
        verdicts = []
        for mutant in chosen:
            verdicts.append(tried(copy, mutant))
            sys.stdout.write(f"{verdicts[-1]}\n")
            sys.stdout.flush()
    missed = sum(not verdict.noticed for verdict in verdicts)
    sys.stdout.write(f"{len(verdicts) - missed} of {len(verdicts)} were caught.\n")
    return int(bool(missed))


def tried(copy: Path, mutant: Mutant) -> Verdict:
    """Take the wall away in the copy, run its tests, and put it back."""
    file, began = copy / mutant.file, time.monotonic()
    whole = file.read_text()
    if whole.count(mutant.old) != 1:
        return Verdict(mutant, "", f"its text does not stand exactly once in {mutant.file}", 0.0)
    file.write_text(whole.replace(mutant.old, mutant.new))
    try:
        ended = _tested(copy, mutant.tests)
    finally:
        file.write_text(whole)
    noticed = _who_noticed(ended.stdout)
    fault = "its tests pass" if ended.returncode == PASSED else f"its tests did not run: {ended.stdout[-500:]}"
    return Verdict(mutant, noticed, "" if noticed else fault, time.monotonic() - began)


def _who_noticed(said: str) -> str:
    """Return the first test that failed, or with which words the service refused to start; a slow start is neither."""
    if failed := FAILURE.search(said):
        return failed[1].rpartition("tests/")[2]
    if refused := REFUSAL.search(said):
        return f"it does not start: {refused[1] or refused[2]}"
    return ""


@contextmanager
def copied() -> Iterator[Path]:
    """Return a copy of the project; workers, which may be other users, can go there."""
    with tempfile.TemporaryDirectory(prefix="assort-mutants-") as folder:
        Path(folder).chmod(0o755)
        copy = Path(folder) / "assort"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT, symlinks=True)
        for packages in ("frontend/node_modules",):
            (copy / packages).symlink_to(ROOT / packages)
        yield copy


def _tested(copy: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "--maxfail=1", "-p", "no:cacheprovider", *tests]
    # Compiled code is told by its second and size, and a mutant may have both in common with what it replaces.
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./assort prove mutants", description=__doc__)
    parser.add_argument("words", nargs="?", default="", help="only those that have these words in their name")
    return parser
