"""What an encoder has read of a data set is kept with it, and read again by the next training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier import datasets, registry, trainer, training, vectors
from classifier.encoders import catalogue
from classifier.ml.sentences import SentenceEncoder
from classifier.models import Dataset, ModelVersion
from tenants.errors import InvalidInput
from tenants.models import Encoder, Organisation
from tests.classifier import rows


@pytest.fixture
def encoder(inside_acme: Organisation) -> Encoder:
    """The installation's own."""
    found = catalogue.default()
    assert found is not None
    return found


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that trainings read from now on, in their order; they read in several threads, as nobody else does."""
    texts: list[str] = []
    embed = SentenceEncoder.embed

    def noted(encoder: SentenceEncoder, given: Sequence[str], **how: Any) -> Any:
        texts.extend(given if "threads" in how else ())
        return embed(encoder, given, **how)

    monkeypatch.setattr(SentenceEncoder, "embed", noted)
    return texts


def file_of(organisation: Organisation, dataset: Dataset, encoder: Encoder) -> Path:
    return vectors.file_of(organisation.tenant, dataset.id, encoder.sha256)


def kept(path: Path) -> np.ndarray[Any, np.dtype[np.float16]]:
    with np.load(path) as found:
        vectors: np.ndarray[Any, np.dtype[np.float16]] = found["vectors"]
        return vectors


def is_of(text: str) -> bool:
    return text.startswith("the ") and text.endswith(" again")


def start(organisation: Organisation, dataset: Dataset, **options: str) -> ModelVersion:
    job = training.start(
        organisation=organisation, dataset=dataset, model_name="support", by="alice", options=dict(options)
    )
    trainer.train(job.id, tenant=organisation.tenant)
    job.refresh_from_db()
    assert job.version is not None, job.error
    return job.version


def test_a_second_training_reads_no_text_again(encoder: Encoder, inside_acme: Organisation, read: list[str]) -> None:
    dataset = rows.ready(inside_acme)
    start(inside_acme, dataset)
    assert len(list(filter(is_of, read))) >= rows.COUNT
    read.clear()
    again = start(inside_acme, dataset)
    assert not list(filter(is_of, read))
    assert again.parameters["encoder"] == f"{encoder.name}@{encoder.sha256[:12]}"


def test_of_a_version_with_more_rows_only_those_are_read(
    encoder: Encoder, inside_acme: Organisation, read: list[str]
) -> None:
    dataset = rows.ready(inside_acme)
    start(inside_acme, dataset)
    grown = rows.grown(inside_acme, dataset, "the tax and my bill again,billing")
    read.clear()
    start(inside_acme, grown)
    assert set(filter(is_of, read)) == {"the tax and my bill again"}
    assert file_of(inside_acme, grown, encoder).exists()


def test_a_damaged_or_foreign_file_is_made_anew(encoder: Encoder, inside_acme: Organisation) -> None:
    dataset = rows.ready(inside_acme)
    start(inside_acme, dataset)
    path = file_of(inside_acme, dataset, encoder)
    whole = kept(path)
    for wrong in (b"", b"no archive", path.read_bytes()[:-200]):
        path.write_bytes(wrong)
        start(inside_acme, dataset)
        assert np.array_equal(kept(path), whole)
    np.savez(path, encoder=np.array("0" * 64), hashes=np.zeros(1, np.uint64), vectors=np.zeros((1, 3), np.float16))
    assert not vectors.load(inside_acme.tenant, [dataset.id], sha256=encoder.sha256, width=whole.shape[1])


def test_it_goes_with_its_data_set(
    encoder: Encoder, inside_acme: Organisation, django_capture_on_commit_callbacks: Any
) -> None:
    dataset, other = rows.ready(inside_acme), rows.ready(inside_acme, rows.MESSAGES + "another,bug\n")
    for each in (dataset, other):
        start(inside_acme, each)
    path = file_of(inside_acme, dataset, encoder)
    with django_capture_on_commit_callbacks(execute=True):
        datasets.delete(organisation=inside_acme, dataset=dataset, by="alice")
    assert (path.exists(), file_of(inside_acme, other, encoder).exists()) == (False, True)


def test_a_fast_training_reads_nothing(encoder: Encoder, inside_acme: Organisation, read: list[str]) -> None:
    dataset = rows.ready(inside_acme)
    version = start(inside_acme, dataset, quality="fast")
    assert not read
    assert "encoder" not in version.parameters
    assert not file_of(inside_acme, dataset, encoder).exists()


def test_a_training_starts_from_an_encoder_that_is_named(encoder: Encoder, inside_acme: Organisation) -> None:
    version = start(inside_acme, rows.ready(inside_acme), base=encoder.name)
    assert version.parameters["base"] == encoder.name
    assert version.parameters["encoder"].startswith(f"{encoder.name}@")


def test_a_model_with_an_encoder_answers_as_it_was_evaluated(encoder: Encoder, inside_acme: Organisation) -> None:
    start(inside_acme, rows.ready(inside_acme))
    loaded = registry.load(tenant=inside_acme.tenant, model_name="support", number=1)
    assert loaded.labels[loaded.probabilities(["my password"])[0].argmax()] == "account"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"base": "no-such-encoder"}, "There is no shared model or sentence encoder"),
        ({"base": "all-MiniLM-L6-v2", "quality": "fast"}, "no sentence encoder is used"),
    ],
)
def test_a_base_that_cannot_be_is_pointed_at(
    encoder: Encoder, inside_acme: Organisation, options: dict[str, str], reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason) as refused:
        start(inside_acme, rows.ready(inside_acme), **options)
    assert refused.value.errors[0].pointer == "/options/base"


def test_an_installation_without_the_encoder_tries_linear_models(
    encoder: Encoder, inside_acme: Organisation, settings: Any, read: list[str]
) -> None:
    settings.ASSORT_ENCODER = False
    assert "encoder" not in start(inside_acme, rows.ready(inside_acme)).parameters
    assert not read


def test_an_encoder_that_is_damaged_stops_no_training(
    encoder: Encoder, inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("classifier.encoders.shelf._folder", lambda: tmp_path)
    assert "encoder" not in start(inside_acme, rows.ready(inside_acme)).parameters
