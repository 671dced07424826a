"""A peer that runs, for as long as a block."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import psutil

from saas import ports
from saas.instance import ROOT
from tests.bench import footprint
from tests.bench.peers.peer import HOST, Peer, Place
from tests.bench.peers.registered import FOLDER
from tests.service import CALLER

START_SECONDS, END_SECONDS = 120.0, 15.0


class DidNotStart(Exception):
    """A peer gave no answer; the message holds what it said."""


@dataclass(frozen=True)
class Running:
    peer: Peer
    url: str
    pid: int

    def labels(self, texts: Sequence[str]) -> list[str]:
        with httpx.Client(base_url=self.url, timeout=30) as client:
            return [_label(client, self.peer, text) for text in texts]

    def megabytes(self) -> float:
        server = psutil.Process(self.pid)
        return footprint.megabytes([server, *server.children(recursive=True)])


@contextmanager
def started(
    peer: Peer, python: Path, model: Path, *, folder: Path, web_processes: int, processes: int
) -> Iterator[Running]:
    """Start a peer, and end it with the block. Raises DidNotStart."""
    taken: dict[str, int] = {}
    for name in ("http", "grpc", "metrics"):
        taken[name] = ports.free(taken)
    folder.mkdir(parents=True, exist_ok=True)
    place = Place(python, folder, model, (taken["http"], taken["grpc"], taken["metrics"]), web_processes, processes)
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            peer.command(place),
            cwd=ROOT,
            env=_environment(place),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            running = Running(peer, f"http://{HOST}:{place.ports[0]}", process.pid)
            _await_answer(running, process, log)
            yield running
        finally:
            _end(process)


def _environment(place: Place) -> dict[str, str]:
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    path = f"{place.python.parent}{os.pathsep}{CALLER.get('PATH', '')}"
    return {
        **CALLER,
        **single,
        "PATH": path,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        FOLDER: str(place.model),
        "BENCH_PORT": str(place.ports[0]),
        "BENCH_WEB_PROCESSES": str(place.web_processes),
        "BENCH_PROCESSES": str(place.processes),
        "BENTOML_DO_NOT_TRACK": "True",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def _await_answer(running: Running, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            running.labels(["Where is my card?"])
        except (httpx.HTTPError, ValueError, LookupError):
            time.sleep(0.2)
        else:
            return
    raise DidNotStart(f"{running.peer.name} gave no answer:\n{log.read_text()[-3000:]}")


def _label(client: httpx.Client, peer: Peer, text: str) -> str:
    call = peer.call(text)
    response = client.post(call.path, json=call.body)
    response.raise_for_status()
    return peer.label(response.json())


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and whatever it has started; every process of it is a descendant."""
    server = psutil.Process(process.pid) if process.poll() is None else None
    family = server.children(recursive=True) if server else []
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in family:
        if child.is_running():
            child.kill()
    psutil.wait_procs(family, timeout=END_SECONDS)
