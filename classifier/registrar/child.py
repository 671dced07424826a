"""Keeps the recorder, the child process that has MLflow loaded: starts it on demand, ends it when it is idle.

They talk over a socket, one JSON object a packet: a request, then {} or {"error": "…"}. The recorder ends when the
registrar's end of the socket closes, however the registrar died.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping

PACKET_BYTES = 65_536

_PROGRAM = "classifier.registrar.recorder"
# The first request of a new database waits for MLflow's import and all its migrations.
_ANSWER_SECONDS = 300.0
_END_SECONDS = 5.0


class RecorderFailed(Exception):
    """The request could not be carried out; the message says why, and the log has the whole story."""


class Recorder:
    """The registrar's side of the child process. Not thread-safe."""

    def __init__(self, environment: Mapping[str, str], *, idle_seconds: float = 60.0) -> None:
        self._environment = dict(environment)
        self._idle_seconds = idle_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._last_used = 0.0

    @property
    def pid(self) -> int | None:
        """The child's process id, or None while there is none."""
        return None if self._process is None else self._process.pid

    def ask(self, request: Mapping[str, str | int]) -> None:
        """Have the request carried out. Raises RecorderFailed; what was half done is mended by asking again."""
        try:
            answer = self._exchange(json.dumps(request).encode())
        except OSError as error:  # A TimeoutError, too: what hangs must not hang the registrar.
            self.end()
            raise RecorderFailed(f"the recorder does not answer: {error!r}") from error
        if not answer:
            self.end()
            raise RecorderFailed("the recorder died")
        self._last_used = time.monotonic()
        if failure := json.loads(answer).get("error"):
            raise RecorderFailed(failure)

    def end_if_idle(self) -> None:
        if self._process is not None and time.monotonic() - self._last_used > self._idle_seconds:
            self.end()

    def end(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._socket = self._process = None

    def _exchange(self, request: bytes) -> bytes:
        if self._socket is None or self._process is None or self._process.poll() is not None:
            self.end()
            self._socket = self._start()
        self._socket.send(request)
        return self._socket.recv(PACKET_BYTES)

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # Standard input is the socket; what MLflow prints goes where the log goes.
            command = [sys.executable, "-m", _PROGRAM]
            self._process = subprocess.Popen(
                command, stdin=theirs.fileno(), stdout=sys.stderr.fileno(), env=self._environment
            )
        ours.settimeout(_ANSWER_SECONDS)
        self._last_used = time.monotonic()
        return ours
