"""One model under load: one text a request at several numbers of connections, and many texts a request."""

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import IO, cast

from saas.instance import ROOT
from tests.bench import bank as banks
from tests.bench import footprint, wrk
from tests.bench.bank import MODEL, Bank
from tests.bench.row import Row, at_least
from tests.bench.wrk import Load
from tests.service import CALLER, Service

CONNECTIONS = (1, 16, 64, 256)
SECONDS, ROUNDS = 5, 3
WARM_UP_SECONDS = 3
TEXTS, BULK_CONNECTIONS = 256, 8

# The predictor by itself, in a process as bare as it gets: the artefact's folder, a number of seconds, the same texts.
_BARE = """
import json, sys, time
from pathlib import Path
from classifier.ml import artefact
folder, seconds, texts = json.load(sys.stdin)
predictor = artefact.load(Path(folder))
predictor.probabilities(texts)
rows, end = 0, time.perf_counter() + seconds
started = time.perf_counter()
while time.perf_counter() < end:
    predictor.probabilities(texts)
    rows += len(texts)
print(rows / (time.perf_counter() - started))
"""


def measure(service: Service) -> list[Row]:
    bank = banks.furnish(service)
    warm(service, bank)
    found = [row for count in CONNECTIONS for row in _rows(_load(service, bank, count))]
    return found + _bulk(service, bank)


def warm(service: Service, bank: Bank, *, model: str = MODEL) -> None:
    """Have as many workers started as the load asks for."""
    wrk.put_load(service.url, bank.calls(model=model), connections=64, seconds=WARM_UP_SECONDS).checked()


def _load(service: Service, bank: Bank, connections: int) -> Load:
    return wrk.put_load(service.url, bank.calls(), connections=connections, seconds=SECONDS).checked()


def _rows(load: Load) -> list[Row]:
    at = f"{load.connections} connections" if load.connections > 1 else "1 connection"
    percentiles = {"p50": load.p50, "p95": load.p95, "p99": load.p99}
    return [
        Row(f"one text a request, {at}", load.per_second, "requests/s"),
        *(Row(f"one text a request, {at}, {name}", value, "ms") for name, value in percentiles.items()),
    ]


def _bulk(service: Service, bank: Bank) -> list[Row]:
    """Ours and the bare predictor in turn, so that both meet the same minutes of the machine."""
    calls = bank.calls(texts=TEXTS)
    served, bare = [], []
    processes = 1
    for _ in range(ROUNDS):
        load = wrk.put_load(service.url, calls, connections=BULK_CONNECTIONS, seconds=SECONDS).checked()
        served.append(load.per_second * TEXTS)
        processes = max(1, len(footprint.workers(service, bank.tenant)))
        bare.append(_bare(bank.artefact, list((bank.questions * 2)[:TEXTS]), processes))
    ratio = statistics.median(mine / other for mine, other in zip(served, bare, strict=True))
    return [
        Row(f"{TEXTS} texts a request, {BULK_CONNECTIONS} connections", statistics.median(served), "rows/s"),
        Row(f"the bare predictor, {TEXTS} texts a call, processes: {processes}", statistics.median(bare), "rows/s"),
        Row("rows/s, as a part of the bare predictor's", ratio, "×", at_least(0.6, 0.8)),
    ]


def _bare(artefact: Path, texts: list[str], processes: int) -> float:
    """Return the rows a second of so many processes together."""
    given = json.dumps([str(artefact), SECONDS, texts])
    single = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    command = [sys.executable, "-c", _BARE]
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen(command, cwd=ROOT, env=CALLER | single, stdin=pipe, stdout=pipe, text=True)
        for _ in range(processes)
    ]
    for process in running:
        stream = cast(IO[str], process.stdin)
        stream.write(given)
        stream.close()
    return sum(float(cast(IO[str], process.stdout).read()) for process in running)
