"""The fork server itself. It has one thread, and it never reads what it passes on to a child."""

import argparse
import gc
import importlib
import json
import os
import pkgutil
import random
import resource
import selectors
import signal
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from classifier import linux
from classifier.forkserver import PACKET_BYTES, handles
from classifier.linux import Prctl


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
                    packet, descriptors, _, _ = socket.recv_fds(self._connection, PACKET_BYTES, 2)
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
        if pid == 0:
            linux.die_with_parent(server)
            # First of all, because it is the session whose weight is handed over.
            os.setsid()
            self._hand_over()
            # Closed as objects, so that their finalisers do not close someone else's descriptor later.
            self._selector.close()
            self._connection.close()
            return birth
        for descriptor in (birth.secret, birth.log):
            os.close(descriptor)
        self._children[pid] = os.pidfd_open(pid)
        self._selector.register(self._children[pid], selectors.EVENT_READ, pid)
        self._send({"pid": pid})
        return None

    def _hand_over(self) -> None:
        """Give the fleet what this child opens of itself while it may."""
        held = handles.opened()
        packet = json.dumps({"handles": [os.getpid(), list(held)]}).encode()
        socket.send_fds(self._connection, [packet], list(held.values()))
        for descriptor in held.values():
            os.close(descriptor)

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
    """Give this child a name, a log and nothing else, and return its secret."""
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
    if not linux.is_profiled():
        linux.prctl(Prctl.SET_DUMPABLE, 0)
    # One descriptor for each child.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # Without collections before the fork there are fewer holes in the pages, and fewer copies of them.
    gc.disable()
    for module in filter(None, arguments.preload.split(",")):
        importlib.import_module(module)
    entry = pkgutil.resolve_name(arguments.entry)
    if threading.active_count() > 1:
        names = ", ".join(thread.name for thread in threading.enumerate())
        sys.exit(f"the modules to preload start threads ({names}), which a fork would lose: leave them out")
    linux.give_back_memory()
    gc.freeze()
    birth = _Server(socket.socket(fileno=arguments.socket)).serve()
    if birth is not None:
        entry(_settle(birth))


if __name__ == "__main__":
    main()
