"""The web processes' server: `python -m saas.web --socket PATH --processes N`."""

import argparse
from pathlib import Path

from granian.constants import Interfaces
from granian.server import Server

# Pages and calls that each process serves at a time.
THREADS = 16
# Requests that wait for one of them.
WAITING = 1024
# Less than the grace of the part, so that the server and not its keeper ends a stuck process.
KILL_SECONDS = 8


def serve(socket: Path, *, processes: int) -> None:
    # One that was killed has left its socket, where nobody else could listen.
    socket.unlink(missing_ok=True)
    Server(
        "saas.wsgi:application",
        interface=Interfaces.WSGI,
        uds=socket,
        uds_permissions=0o600,
        workers=processes,
        blocking_threads=THREADS,
        backlog=WAITING,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
    ).serve()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m saas.web", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="where to listen")
    parser.add_argument("--processes", type=int, required=True, help="how many serve")
    arguments = parser.parse_args()
    serve(arguments.socket, processes=arguments.processes)


if __name__ == "__main__":
    main()
