"""Hears when a process that was started says that it is ready, as a service of systemd does; see sd_notify(3)."""

import secrets
import socket


class Notice:
    """The socket on which one part is to be heard."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def listen(self, name: str) -> str:
        """Open a socket for one start alone, and return its address for NOTIFY_SOCKET.

        A message of the process before must not count.
        """
        if self._socket is not None:
            self._socket.close()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        address = f"assort-{name}-{secrets.token_hex(8)}"
        self._socket.bind("\0" + address)
        return "@" + address

    def has_come(self) -> bool:
        """Whether `READY=1` was said since the last question."""
        if self._socket is None:
            return False
        try:
            return b"READY=1" in self._socket.recv(4096).split(b"\n")
        except BlockingIOError:
            return False
