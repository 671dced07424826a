"""What a reader must know of the machine to judge the numbers."""

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from tests.bench.peers.peer import PEERS

LIBRARIES = ("numpy", "scipy", "scikit-learn", "onnxruntime", "granian", "celery")


def described(*, peers: bool) -> dict[str, str]:
    said = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }
    if peers:
        said["peers"] = ", ".join(peer.requirements[0].replace("==", " ") for peer in PEERS)
    return said


def processor() -> str:
    named = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return named[1] if named else platform.machine()
