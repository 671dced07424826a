"""Another service loads the champion with MLflow, and gets what our API answers."""

from pathlib import Path

import pytest

from tests.classifier.recorded import Registrar
from tests.end_to_end.stranger import Api
from tests.service import Service

INPUTS = ["my password is wrong", "the invoice is too high", "a crash, an error"]


def test_labels_and_probabilities_are_those_of_the_api(
    service: Service, api: Api, csv_file: Path, tmp_path: Path
) -> None:
    api.train(api.upload(csv_file)["id"], "support", quality="auto")
    tenant = api.get("me")["organisation"]["id"].removeprefix("org_")
    registrar = Registrar(service)
    assert registrar.outcome(api.get("models/support/versions/1")["id"]) == "succeeded"
    assert registrar.has_champion(tenant, "support", 1)
    answers = registrar.consume(f"{tenant}.support@champion", INPUTS, cwd=tmp_path)
    for ours, theirs in zip(api.classify("support", INPUTS, top_k=3).json()["results"], answers, strict=True):
        assert theirs["label"] == ours["label"]
        for score in ours["scores"]:
            assert theirs[f"probability_{score['label']}"] == pytest.approx(score["score"], abs=1e-6)
