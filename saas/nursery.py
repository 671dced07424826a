"""Where the parts come from that are commands: a process that has loaded what they share, and forks them.

Each would take 50 MB and half a second for that alone. The process is given no login and no secret; what is a part's
own reaches it through a pipe, and stands in no environment that /proc shows.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from classifier.forkserver import ForkServer, ForkServerDied
from saas.place import MANAGE
from saas.process import Part

_LOOK_SECONDS = 0.05


class Nursery:
    """Starts its process for the first part, and again when it has died."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._server: ForkServer | None = None
        self._codes: dict[int, int] = {}

    @property
    def pid(self) -> int | None:
        return self._server.pid if self._server else None

    def start(self, part: Part, *, log: Path, extra: Mapping[str, str]) -> Child:
        """Fork a part. Raises OSError where there is no room for another process."""
        # What comes before are Python and the way to Django, which run already.
        command = ["django", *part.command[len(MANAGE) :]]
        secret = json.dumps({"environment": {**part.environment, **extra}, "command": command}).encode()
        try:
            server = self._living()
            pid = server.fork(secret, log=log, title=" ".join(command))
        except ForkServerDied as error:
            raise OSError(f"{part.name} could not be forked: {error}") from error
        self._codes.pop(pid, None)
        return Child(pid, server, self)

    def code(self, child: Child) -> int | None:
        """Return with which code a child has ended, below zero by which signal; None while it runs."""
        with suppress(ForkServerDied):
            for ended in child.server.exits():
                self._codes[ended.pid] = -(ended.signal or 0) if ended.code is None else ended.code
            return self._codes.get(child.pid)
        # The process has taken its children with it.
        return self._codes.get(child.pid, -signal.SIGKILL)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def _living(self) -> ForkServer:
        if self._server is None or not self._server.alive():
            self.stop()
            entry, preload = "saas.background:main", ["saas.background"]
            self._server = ForkServer.start(entry=entry, preload=preload, environment=self._environment)
        return self._server


@dataclass(frozen=True)
class Child:
    """A forked part, to be used as subprocess.Popen is."""

    pid: int
    server: ForkServer
    nursery: Nursery

    def poll(self) -> int | None:
        return self.nursery.code(self)

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            time.sleep(_LOOK_SECONDS)
        return code

    def send_signal(self, signum: int) -> None:
        with suppress(ForkServerDied):
            self.server.signal(self.pid, signum)
