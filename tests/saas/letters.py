"""A mail server that keeps every letter, and lets nobody else have it."""

import email
import email.policy
import re
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

ARRIVES_SECONDS = 30


class Letters(socketserver.ThreadingTCPServer):
    """SMTP as far as a client needs it that signs in nowhere (RFC 5321)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.kept: list[EmailMessage] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def link(self, to: str, path: str) -> str:
        """Wait for a letter to this address with a link to such a path, and return the path that it leads to."""
        deadline = time.monotonic() + ARRIVES_SECONDS
        while time.monotonic() < deadline:
            for letter in self.kept:
                found = re.search(rf"https://[^/\s]+({path}\S+)", letter.get_content())
                if letter["To"] == to and found:
                    return found[1]
            time.sleep(0.05)
        raise AssertionError(f"no letter to {to} with {path}")


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 letters\r\n")
        for line in self.rfile:
            command = line.strip().upper()
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self._take()
            self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 letters\r\n")
            if command == b"QUIT":
                return

    def _take(self) -> None:
        lines = iter(self.rfile.readline, b".\r\n")
        letter = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(self.server, Letters)
        assert isinstance(letter, EmailMessage)
        self.server.kept.append(letter)


@contextmanager
def arriving() -> Iterator[Letters]:
    with Letters() as letters:
        threading.Thread(target=letters.serve_forever, daemon=True).start()
        yield letters
        letters.shutdown()
