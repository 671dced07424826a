"""A process that has the libraries loaded and forks a worker on request, in milliseconds.

`ForkServer` is the fleet's side; `python -m classifier.forkserver` is the process itself. It starts in the
environment that it is given and never sees a tenant's secret: the bytes wait in a pipe, whose read end
travels through it, unread, to the child. It has one thread, and it lives and dies with its children: it
ends when the fleet's end of the socket closes, and the kernel kills its children when it ends.

On the socket, one JSON object a packet. Requests: {"fork": title} with two descriptors, the pipe and the
log; {"signal": [pid, number]}. Answers: {"ready": true}, {"pid": n}, {"errno": n}. At any time:
{"exit": [pid, code, signal]}.
"""

import argparse
import array
import gc
import importlib
import json
import os
import pkgutil
import random
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from classifier import linux
from classifier.linux import Prctl

_PACKET_BYTES = 4096
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
            process = subprocess.Popen(  # noqa: S603 - the command is ours, and no shell reads it.
                command,
                env=dict(environment),
                cwd=Path(__file__).resolve().parents[1],
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
            # A log may lie where a tenant can write; a link planted there must not be followed.
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
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
        self._read_exits()
        self._send({"signal": [pid, signum]})

    def exits(self) -> list[Exit]:
        """Return the children that ended since the last call, without waiting. Raises ForkServerDied."""
        self._read_exits()
        ended, self._unread = self._unread, []
        return ended

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when a child, or the server, has ended."""
        return self._connection.fileno()

    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End the server and kill its children; returns when all are gone."""
        self._connection.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        ancillary = (
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        )
        self._connection.settimeout(_ANSWER_SECONDS)
        try:
            self._connection.sendmsg([json.dumps(message).encode()], ancillary)
        except (ConnectionError, TimeoutError) as error:
            raise self._died() from error

    def _read_exits(self) -> None:
        self._connection.settimeout(0)
        with suppress(BlockingIOError):
            while True:
                self._unread.append(Exit(*self._receive()["exit"]))

    def _await_answer(self, seconds: float) -> dict[str, Any]:
        self._connection.settimeout(seconds)
        while "exit" in (message := self._receive()):
            self._unread.append(Exit(*message["exit"]))
        return message

    def _receive(self) -> dict[str, Any]:
        try:
            packet = self._connection.recv(_PACKET_BYTES)
        except (ConnectionError, TimeoutError) as error:
            raise self._died() from error
        if not packet:
            raise self._died()
        message: dict[str, Any] = json.loads(packet)
        return message

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


@dataclass(frozen=True)
class _Birth:
    """What a child starts with: its title, and the descriptors of its secret and its log."""

    title: str
    secret: int
    log: int


class _Server:
    """The fork server's loop."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._children: dict[int, int] = {}  # pid to pidfd
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ)

    def serve(self) -> _Birth | None:
        """Serve until the fleet is gone and return None; return in every child as well, with its birth."""
        with suppress(ConnectionError):
            self._send({"ready": True})
            while True:
                for key, _ in self._selector.select():
                    if key.data is not None:
                        self._send({"exit": self._reap(key.data)})
                        continue
                    packet, descriptors, _, _ = socket.recv_fds(self._connection, _PACKET_BYTES, 2)
                    if not packet:
                        raise ConnectionResetError("the fleet has closed its end")
                    birth = self._answer(json.loads(packet), descriptors)
                    if birth is not None:
                        return birth
        self._end()
        return None

    def _answer(self, request: dict[str, Any], descriptors: list[int]) -> _Birth | None:
        if "fork" in request:
            return self._fork(_Birth(request["fork"], *descriptors))
        pid, signum = request["signal"]
        if pid in self._children:
            signal.pidfd_send_signal(self._children[pid], signum)
        return None

    def _fork(self, birth: _Birth) -> _Birth | None:
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._send({"errno": error.errno})
            return None
        finally_in_server = (birth.secret, birth.log)
        if pid == 0:
            linux.die_with_parent(server)
            # Closed as objects, so that their finalisers do not close someone else's descriptor later.
            self._selector.close()
            self._connection.close()
            return birth
        for descriptor in finally_in_server:
            os.close(descriptor)
        self._children[pid] = os.pidfd_open(pid)
        self._selector.register(self._children[pid], selectors.EVENT_READ, pid)
        self._send({"pid": pid})
        return None

    def _reap(self, pid: int) -> tuple[int, int | None, int | None]:
        """Wait for a child that has ended, and return its pid, exit code and signal."""
        # As long as the child is not reaped, the number of its group cannot be anyone else's.
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self._selector.unregister(self._children[pid])
        os.close(self._children.pop(pid))
        return (pid, status, None) if status >= 0 else (pid, None, -status)

    def _send(self, message: dict[str, Any]) -> None:
        self._connection.send(json.dumps(message).encode())

    def _end(self) -> None:
        for pidfd in self._children.values():
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        for pid in list(self._children):
            self._reap(pid)


def _settle(birth: _Birth) -> bytes:
    """Make this child a process of its own and return its secret."""
    os.setsid()
    linux.set_title(birth.title)
    for descriptor, number in ((os.open(os.devnull, os.O_RDONLY), 0), (birth.log, 1), (birth.log, 2)):
        os.dup2(descriptor, number)
    os.dup2(birth.secret, 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    _reset_signals()
    random.seed()
    if (numpy_random := sys.modules.get("numpy.random")) is not None:
        numpy_random.seed()
    gc.enable()
    with open(3, "rb") as pipe:
        return pipe.read()


def _reset_signals() -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        # What Python itself ignores: a broken pipe and a file beyond its limit are to raise OSError.
        is_error = number in (signal.SIGPIPE, signal.SIGXFSZ)
        signal.signal(number, signal.SIG_IGN if is_error else signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m classifier.forkserver", description=__doc__)
    parser.add_argument("--entry", required=True, help="module:function that runs in each child")
    parser.add_argument("--preload", required=True, help="modules to load, separated by commas")
    parser.add_argument("--socket", required=True, type=int, help="descriptor of the fleet's socket")
    arguments = parser.parse_args()
    # A child is unreadable to its neighbours from its first moment, before it confines itself.
    linux.prctl(Prctl.SET_DUMPABLE, 0)
    # Without collections before the fork there are fewer holes in the pages, and fewer copies of them.
    gc.disable()
    for module in filter(None, arguments.preload.split(",")):
        importlib.import_module(module)
    entry = pkgutil.resolve_name(arguments.entry)
    if threading.active_count() > 1:
        names = ", ".join(thread.name for thread in threading.enumerate())
        sys.exit(f"the modules to preload start threads ({names}), which a fork would lose: leave them out")
    gc.freeze()
    birth = _Server(socket.socket(fileno=arguments.socket)).serve()
    if birth is not None:
        entry(_settle(birth))


if __name__ == "__main__":
    main()
