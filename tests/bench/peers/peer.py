"""The peers: what each is installed from, how it is started, and how it is asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.wrk import Call

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Place:
    """Where a peer runs: its interpreter, a folder of its own, its ports, and how many processes it may have."""

    python: Path
    folder: Path
    model: Path
    ports: tuple[int, int, int]
    web_processes: int
    processes: int

    def program(self, name: str) -> str:
        return str(self.python.parent / name)


@dataclass(frozen=True)
class Peer:
    name: str
    package: str
    requirements: tuple[str, ...]
    # The request for a text, and the label in the answer to it.
    path: str
    body: Callable[[str], object]
    label: Callable[[Any], str]
    command: Callable[[Place], list[str]]

    def call(self, text: str) -> Call:
        return Call(self.path, self.body(text))


def _mlserver(place: Place) -> list[str]:
    http, grpc, metrics = place.ports
    settings = {
        **{"host": HOST, "http_port": http, "grpc_port": grpc, "metrics_port": metrics},
        **{"parallel_workers": place.processes, "debug": False, "access_log": False},
        **{"metrics_dir": str(place.folder / "metrics")},
    }
    model = {
        **{"name": "bank", "implementation": "tests.bench.peers.on_mlserver.Classifier"},
        **{"max_batch_size": 64, "max_batch_time": 0.005},
    }
    (place.folder / "settings.json").write_text(json.dumps(settings))
    (place.folder / "model-settings.json").write_text(json.dumps(model))
    return [place.program("mlserver"), "start", str(place.folder)]


def _bentoml(place: Place) -> list[str]:
    service = "tests.bench.peers.on_bentoml:Classifier"
    return [place.program("bentoml"), "serve", service, "--host", HOST, "--port", str(place.ports[0])]


def _litserve(place: Place) -> list[str]:
    return [str(place.python), "-m", "tests.bench.peers.on_litserve"]


def _mlflow(place: Place) -> list[str]:
    options = ["--env-manager", "local", "--host", HOST, "--port", str(place.ports[0])]
    command = [place.program("mlflow"), "models", "serve", "--model-uri", str(place.model), *options]
    return [*command, "--workers", str(place.processes)]


def _of_mlserver(text: str) -> object:
    return {
        "inputs": [
            {
                **{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]},
                "parameters": {"content_type": "str"},
            }
        ]
    }


PEERS = (
    Peer(
        name="MLServer",
        package="mlserver",
        # With a newer uvloop its workers crash.
        requirements=("mlserver==1.7.1", "uvloop<0.22"),
        path="/v2/models/bank/infer",
        body=_of_mlserver,
        label=lambda answer: str(answer["outputs"][0]["data"][0]),
        command=_mlserver,
    ),
    Peer(
        name="BentoML",
        package="bentoml",
        requirements=("bentoml==1.4.39",),
        path="/classify",
        body=lambda text: {"texts": [text]},
        label=lambda answer: str(answer[0]["label"]),
        command=_bentoml,
    ),
    Peer(
        name="LitServe",
        package="litserve",
        requirements=("litserve==0.2.19",),
        path="/predict",
        body=lambda text: {"text": text},
        label=lambda answer: str(answer["label"]),
        command=_litserve,
    ),
    Peer(
        name="MLflow",
        package="mlflow",
        requirements=("mlflow==3.17.2",),
        path="/invocations",
        body=lambda text: {"dataframe_records": [{"text": text}]},
        label=lambda answer: str(answer["predictions"][0]["label"]),
        command=_mlflow,
    ),
)
