"""Tells whoever started this process that it is ready, in the way of systemd's sd_notify(3)."""

import os
import socket


def ready() -> None:
    """Send `READY=1` to the socket named by NOTIFY_SOCKET; without that variable, do nothing."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    # A leading @ stands for the NUL byte of Linux's abstract namespace.
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"READY=1", address)
