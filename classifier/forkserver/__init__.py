"""A process that has the libraries loaded and forks a worker on request, in milliseconds.

`ForkServer` is the fleet's side; the process itself is `__main__.py`. It starts in the environment that it
is given and never sees a tenant's secret: the bytes wait in a pipe, whose read end travels through it,
unread, to the child. It ends when the fleet's end of the socket closes, and its children end with it.

On the socket, one JSON object a packet. Requests: {"fork": title} with two descriptors, the pipe and the
log; {"signal": [pid, number]}. Answers: {"ready": true}, {"pid": n}, {"errno": n}. At any time:
{"exit": [pid, code, signal]}, and from a child, before it does anything else, {"handles": [pid, names]} with the
descriptors that are named.
"""

import array
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from classifier.forkserver.handles import Handles, Memory

PACKET_BYTES = 4096

_START_SECONDS = 60.0
_ANSWER_SECONDS = 10.0
_STOP_SECONDS = 5.0


class ForkServerDied(Exception):
    """The fork server is gone, and all its children with it; start another."""


@dataclass(frozen=True)
class Exit:
    """How a child ended: with an exit code, or by a signal."""

    pid: int
    code: int | None
    signal: int | None


class ForkServer:
    """The fleet's side of one fork server. Not thread-safe."""

    def __init__(self, process: subprocess.Popen[bytes], connection: socket.socket) -> None:
        self._process = process
        self._connection = connection
        self._unread: list[Exit] = []
        self._handles: dict[int, Handles] = {}

    @classmethod
    def start(cls, *, entry: str, preload: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Start a fork server and return when its modules are loaded.

        `entry` ("module:function") runs in each child with the child's secret, as bytes. `environment` is
        all that the server and its children get. Raises ForkServerDied where a module cannot be loaded.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-u", "-m", "classifier.forkserver", "--entry", entry]
        command += ["--preload", ",".join(preload), "--socket", str(theirs.fileno())]
        with theirs:
            process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=Path(__file__).resolve().parents[2],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                # A Ctrl-C in the terminal is the fleet's to handle.
                start_new_session=True,
            )
        server = cls(process, ours)
        try:
            server._await_answer(_START_SECONDS)
        except BaseException:
            server.stop()
            raise
        return server

    @property
    def pid(self) -> int:
        return self._process.pid

    def fork(self, secret: bytes, *, log: Path, title: str) -> int:
        """Fork a child that writes to `log` and gets `secret`, and return its pid.

        Raises ValueError for a secret larger than a pipe holds (64 KiB), OSError where the log cannot be
        opened or the system has no room for a process, and ForkServerDied.
        """
        with ExitStack() as held:
            pipe = _filled_pipe(secret)
            held.callback(os.close, pipe)
            # A log may lie where a tenant can write: a link there is not followed, a FIFO does not block.
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(log, flags, mode=0o600)
            held.callback(os.close, descriptor)
            self._send({"fork": title}, [pipe, descriptor])
        answer = self._await_answer(_ANSWER_SECONDS)
        if "errno" in answer:
            raise OSError(answer["errno"], f"cannot fork a worker: {os.strerror(answer['errno'])}")
        pid: int = answer["pid"]
        return pid

    def signal(self, pid: int, signum: int) -> None:
        """Send a signal to a child; to one that has just ended, nothing is sent. Raises ForkServerDied."""
        # The server does it: it reaps the children, so it alone knows that a pid is still theirs.
        self._read_news()
        self._send({"signal": [pid, signum]})

    def exits(self) -> list[Exit]:
        """Return the children that ended since the last call, without waiting. Raises ForkServerDied."""
        self._read_news()
        ended, self._unread = self._unread, []
        for child in ended:
            if handles := self._handles.pop(child.pid, None):
                handles.close()
        return ended

    def memory(self, pid: int) -> Memory | None:
        """Return how much memory a child uses; None for one that has ended, or has not begun."""
        self._read_news()
        return handles.memory() if (handles := self._handles.get(pid)) else None

    def weigh(self, pid: int, nice: int) -> bool:
        """Let a child weigh less against other processes, 0 being ordinary and 19 the least; say whether it does."""
        handles = self._handles.get(pid)
        return handles is not None and handles.weigh(nice)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when a child has begun or ended, or the server has ended."""
        return self._connection.fileno()

    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End the server and kill its children; returns when all are gone."""
        self._connection.close()
        for handles in self._handles.values():
            handles.close()
        self._handles = {}
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        self._wait_at_most(_ANSWER_SECONDS)
        try:
            self._connection.sendmsg([json.dumps(message).encode()], ancillary)
        except (ConnectionError, TimeoutError) as error:
            raise self._died() from error

    def _read_news(self) -> None:
        self._wait_at_most(0)
        with suppress(BlockingIOError):
            while True:
                self._receive()

    def _await_answer(self, seconds: float) -> dict[str, Any]:
        self._wait_at_most(seconds)
        while (answer := self._receive()) is None:
            pass
        return answer

    def _wait_at_most(self, seconds: float) -> None:
        if self._connection.fileno() < 0:
            raise self._died()
        self._connection.settimeout(seconds)

    def _receive(self) -> dict[str, Any] | None:
        """Return an answer, or None for what was told unasked and is kept for whoever asks."""
        try:
            packet, descriptors, _, _ = socket.recv_fds(self._connection, PACKET_BYTES, 2)
        except (ConnectionError, TimeoutError) as error:
            raise self._died() from error
        if not packet:
            raise self._died()
        message: dict[str, Any] = json.loads(packet)
        if "exit" in message:
            self._unread.append(Exit(*message["exit"]))
        elif "handles" in message:
            pid, names = message["handles"]
            self._handles[pid] = Handles(names, descriptors)
        else:
            return message
        return None

    def _died(self) -> ForkServerDied:
        self.stop()
        return ForkServerDied(
            f"the fork server ended with status {self._process.returncode} or did not answer; "
            "its output says why, and ForkServer.start() makes another"
        )


def _filled_pipe(content: bytes) -> int:
    """Return the read end of a pipe that holds `content` and has no writer any more."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    written = os.write(writer, content)
    os.close(writer)
    if written < len(content):
        os.close(reader)
        raise ValueError(f"a secret of {len(content)} bytes does not fit into a pipe, which holds {written}")
    return reader
