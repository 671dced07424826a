"""Runs a role in the foreground, as the first process of a container, and ends as it ends.

Nothing is started again: whoever started the container does that, and sees that it was necessary.
"""

import http.server
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType

from saas import process
from saas.instance import ROOT
from saas.notice import Notice
from saas.process import Part
from saas.programs import Address

_TICK = 0.1
_IS_READY, _IS_NOT = (200, b"ready\n"), (503, b"not ready\n")


@dataclass
class _Member:
    part: Part
    running: subprocess.Popen[bytes]
    notice: Notice
    has_said_ready: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether it serves now, where it can be asked; whether it has begun to, where it cannot."""
        if self.part.probe is not None:
            return self.part.probe()
        self.has_said_ready = self.has_said_ready or self.notice.has_come()
        return self.has_said_ready


@dataclass
class Foreground:
    """The parts of one role. `health` is where it tells whether it lives (`/livez`) and serves (`/readyz`)."""

    parts: Sequence[Part]
    health: Address | None = None
    _members: list[_Member] = field(default_factory=list)
    _told: list[int] = field(default_factory=list)

    def run(self) -> int:
        """Run until a part ends or SIGTERM or SIGINT comes, which the parts are told: they finish what they have in
        hand. Return the status to end with.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        process.adopt_orphans()
        if all(part.once for part in self.parts):
            return self._run_in_turn()
        for part in self.parts:
            self._start(part)
        # After the last fork: a process with threads should not.
        server = _serve(self.health, self) if self.health else None
        try:
            return self._run_together()
        finally:
            if server is not None:
                server.shutdown()
                server.server_close()

    @property
    def is_ready(self) -> bool:
        return not self._told and all(member.is_ready for member in self._members)

    def _run_in_turn(self) -> int:
        for part in self.parts:
            member = self._start(part)
            if self._told:  # While it was being started, when nobody could pass it on.
                member.running.send_signal(part.stop_signal)
            while member.running.poll() is None:
                self._rest()
            if self._told or member.running.returncode:
                return _status(member.running.returncode)
        return 0

    def _run_together(self) -> int:
        while not self._told and all(member.running.poll() is None for member in self._members):
            self._rest()
        ended = [member for member in self._members if member.running.poll() is not None]
        for member in self._members:
            if member not in ended:
                member.running.send_signal(member.part.stop_signal)
        # However long it takes: whoever has told this process to end knows how long that may be.
        while any(member.running.poll() is None for member in self._members):
            self._rest()
        process.end(process.descendants(os.getpid()), how=signal.SIGKILL)
        if self._told:
            return 0
        # A part that was to stay has gone, whatever it says of itself.
        return max((_status(member.running.returncode) for member in ended), default=0) or 1

    def _start(self, part: Part) -> _Member:
        notice = Notice()
        extra = {"NOTIFY_SOCKET": notice.listen(part.name)} if part.notifies else {}
        member = _Member(part, process.start(part, cwd=ROOT, extra=extra), notice)
        self._members.append(member)
        return member

    def _rest(self) -> None:
        process.reap_adopted({member.running.pid for member in self._members})
        time.sleep(_TICK)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._told.append(number)
        for member in self._members:
            if member.part.once and member.running.poll() is None:
                member.running.send_signal(member.part.stop_signal)


def _status(code: int) -> int:
    """Return the exit status as a shell would: 128 and more for a process that a signal has ended."""
    return 128 - code if code < 0 else code


def _serve(at: Address, foreground: Foreground) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            if self.path not in {"/livez", "/readyz"}:
                self.send_error(404)
                return
            # That it answers says that it lives: it ends with its parts.
            status, said = _IS_READY if self.path == "/livez" or foreground.is_ready else _IS_NOT
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: this is asked every few seconds."""

    server = http.server.ThreadingHTTPServer((at.host, at.port), Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
