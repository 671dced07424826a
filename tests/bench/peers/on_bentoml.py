"""The model under BentoML, which gathers requests into batches of up to 64."""

import os
from typing import Any

import bentoml

from tests.bench.peers.registered import Registered

# A batch waits no longer than this; BentoML learns by itself how long it should.
LONGEST_MS = 1_000


@bentoml.service(
    workers=int(os.environ["BENCH_PROCESSES"]),
    traffic={"timeout": 30, "max_concurrency": 512},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
class Classifier:
    def __init__(self) -> None:
        self.model = Registered()

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=LONGEST_MS)
    def classify(self, texts: list[str]) -> list[dict[str, Any]]:
        return self.model.answers(texts)
