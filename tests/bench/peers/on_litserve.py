"""The model under LitServe, which gathers requests for 5 ms into batches of up to 64."""

import os
from typing import Any

import litserve

from tests.bench.peers.registered import Registered


class Classifier(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.model = Registered()

    def decode_request(self, request: dict[str, str]) -> str:
        return request["text"]

    def batch(self, inputs: list[str]) -> list[str]:
        return inputs

    def predict(self, x: list[str]) -> list[dict[str, Any]]:
        return self.model.answers(x)

    def unbatch(self, output: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return output

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        return output


if __name__ == "__main__":
    served = Classifier(max_batch_size=64, batch_timeout=0.005)
    processes = int(os.environ["BENCH_PROCESSES"])
    server = litserve.LitServer(served, accelerator="cpu", workers_per_device=processes)
    server.run(
        host="127.0.0.1",
        port=int(os.environ["BENCH_PORT"]),
        num_api_servers=int(os.environ["BENCH_WEB_PROCESSES"]),
        generate_client_file=False,
        access_log=False,
        log_level="warning",
    )
