"""What the children of the fork server do in its tests. The secret is the order, as JSON."""

import errno
import gc
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np

from classifier import linux
from classifier.linux import Prctl

# An ordinary user may look into the memory of a process only if it is dumpable.
if "OBSERVABLE" in os.environ:
    linux.prctl(Prctl.SET_DUMPABLE, 1)
# A library that begins a thread when it is loaded.
if "THREADED" in os.environ:
    threading.Thread(target=time.sleep, args=(30,), name="eager", daemon=True).start()


def _refuse() -> int:
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


# A system that has no room for a process.
if "FULL" in os.environ:
    os.fork = _refuse


def waiting(_secret: bytes) -> None:
    time.sleep(60)


def deaf(_secret: bytes) -> None:
    """Wait, whatever one is told to do."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(1, b"deaf")
    time.sleep(60)


def ending(_secret: bytes) -> None:
    """Do nothing, and end as it should be."""


def computing(_secret: bytes) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pass


def child(secret: bytes) -> None:
    order = json.loads(secret)
    match order["do"]:
        case "report":
            _write(order["to"], json.dumps(_report(secret)))
        case "wait":
            _write(order["to"], "ready")
            time.sleep(30)
        case "exit":
            sys.exit(order["code"])
        case "fail":
            raise RuntimeError("this child failed")
        case "bear":
            if (pid := os.fork()) == 0:
                time.sleep(30)
                os._exit(0)
            _write(order["to"], str(pid))
            time.sleep(order["stay"])


def _report(secret: bytes) -> dict[str, object]:
    return {
        "secret": secret.decode(),
        "environment": dict(os.environ),
        "descriptors": {name: _target(name) for name in os.listdir("/proc/self/fd")},
        "session": os.getsid(0),
        "name": Path("/proc/self/comm").read_text().strip(),
        "command": Path("/proc/self/cmdline").read_bytes().rstrip(b"\0").decode(),
        "random": random.random(),  # noqa: S311 - it is what is tested.
        "numpy": float(np.random.random_sample()),
        "collecting": gc.isenabled(),
        "frozen": gc.get_freeze_count(),
        "dumpable": linux.prctl(Prctl.GET_DUMPABLE),
    }


def _target(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except FileNotFoundError:  # The one that listed the folder.
        return ""


def _write(path: str, text: str) -> None:
    # Renamed into place, so that who waits for the file finds it whole.
    Path(path + ".new").write_text(text)
    Path(path + ".new").rename(path)
