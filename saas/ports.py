"""Ports of this machine's loopback address, where every server of an instance listens."""

import random
import socket

HOST = "127.0.0.1"
# Outside the range from which the kernel takes the ports of outgoing connections.
_FREE_PORTS = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of this machine's loopback address."""
    with socket.socket() as probe:
        # As servers do it: connections of an earlier run that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free(taken: dict[str, int]) -> int:
    candidates = random.SystemRandom().sample(_FREE_PORTS, len(_FREE_PORTS))
    return next(port for port in candidates if port not in taken.values() and is_free(port))
