"""The first answer of an organisation that has no worker, on a host that is up."""

import time

import httpx2 as httpx

from tests.bench import bank as banks
from tests.bench import guests
from tests.bench.guests import Guest
from tests.bench.percentiles import percentile
from tests.bench.row import Row, at_most
from tests.service import Service

SLEEPERS = 24
PAUSE_SECONDS = 0.5


def measure(service: Service) -> list[Row]:
    questions = banks.furnish(service).questions
    sleepers = list(guests.found(guests.host(), SLEEPERS))
    with httpx.Client(base_url=service.url, timeout=30) as client:
        answers = [_ask(client, sleeper, questions[0]) for sleeper in sleepers]
        again = [_ask(client, sleeper, questions[1]) for sleeper in sleepers]
    seconds = [spent for _, spent in answers]
    wrong = [status for status, _ in answers + again if status != httpx.codes.OK]
    return [
        Row(f"first answers of {SLEEPERS} sleeping organisations, p50", percentile(seconds, 50), "s"),
        Row(f"first answers of {SLEEPERS} sleeping organisations, p95", percentile(seconds, 95), "s", at_most(1, 0.6)),
        Row("second answers, p50", percentile([spent for _, spent in again], 50), "s"),
        Row("answers that were not 200", len(wrong), "", at_most(0)),
    ]


def _ask(client: httpx.Client, sleeper: Guest, question: str) -> tuple[int, float]:
    call = sleeper.calls((question,))[0]
    started = time.perf_counter()
    response = client.post(call.path, json=call.body, headers={"Authorization": f"Bearer {call.key}"})
    spent = time.perf_counter() - started
    time.sleep(PAUSE_SECONDS)
    return response.status_code, spent
