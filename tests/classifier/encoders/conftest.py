from pathlib import Path

import pytest

from classifier.ml.sentences import Library, SentenceEncoder
from tests.classifier.encoders import tiny


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made encoder, in a folder that is named by its hash."""
    return tiny.make(tmp_path_factory.mktemp("encoders"))


@pytest.fixture
def encoder(made: Path) -> SentenceEncoder:
    return Library(made.parent).get(made.name)
