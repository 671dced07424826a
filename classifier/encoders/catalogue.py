"""The sentence encoders that the operator has added, by name. Their rows lie in `public`, as those of shared models."""

import re
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from classifier.encoders import shelf
from classifier.ml.errors import EncoderMissing
from tenants.errors import Conflict, InvalidInput, NotFound
from tenants.models import Encoder

NAME = re.compile(r"(?!assort\.)[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def find_all() -> list[Encoder]:
    """Return those that a training may use, by name. Runs inside an organisation."""
    return list(Encoder.objects.raw("SELECT * FROM door.encoders()"))


def get(name: str) -> Encoder:
    """Return the encoder of this name. Raises NotFound, also for one that was withdrawn."""
    for encoder in find_all():
        if encoder.name == name:
            return encoder
    raise NotFound


def default() -> Encoder | None:
    """Return the one that trainings use by themselves, if there is one and the installation runs with encoders."""
    if not settings.ASSORT_ENCODER:
        return None
    return next((encoder for encoder in find_all() if encoder.is_default), None)


# --- What operators do ---------------------------------------------------------------------------------------------


def add(
    *, name: str, directory: Path, licence: str = "", by: str, is_default: bool = False, weights_sha256: str = ""
) -> Encoder:
    """Make an encoder of a published folder and let trainings use it. Doing so again changes nothing.

    `licence` is needed where the folder names none. With `weights_sha256`, only weights with that hash are taken.
    Raises InvalidInput for a name or folder that cannot be used, Conflict where another encoder has the name, and
    EncoderMissing where the libraries are not installed.
    """
    if not NAME.fullmatch(name):
        detail = "An encoder's name has 1 to 63 letters, digits, '.', '_' and '-', and does not begin with 'assort.'."
        raise InvalidInput.field("name", detail)
    with shelf.drafted() as draft:
        sha256, said = _made(draft, name, directory, licence, weights_sha256)
        with transaction.atomic():
            encoder = _kept(sha256, name=name, added_by=by, **said)
            if is_default:
                _make_default(encoder)
            shelf.place(draft, sha256)
    return encoder


@transaction.atomic
def withdraw(*, name: str) -> None:
    """Let no new training use the encoder. Its files stay, for the models that need it. Raises NotFound."""
    encoder = Encoder.objects.select_for_update().filter(name=name, withdrawn_at=None).first()
    if encoder is None:
        raise NotFound
    was_default = encoder.is_default
    encoder.withdrawn_at, encoder.is_default = timezone.now(), False
    encoder.save(update_fields=["withdrawn_at", "is_default"])
    if was_default:
        transaction.on_commit(lambda: shelf.point_to(None))


def _made(
    draft: Path, name: str, directory: Path, licence: str, weights_sha256: str
) -> tuple[str, dict[str, str | int]]:
    """Make the encoder in the folder `draft`; return its hash, and what its row says of it."""
    try:
        from classifier.encoders import making, published  # noqa: PLC0415  # An installation may lack what they take.
    except ModuleNotFoundError as error:
        detail = f"{error.name} is not installed. `./assort up` without --no-encoder installs what encoders take."
        raise EncoderMissing(detail) from error
    found = published.read(directory, licence=licence)
    if weights_sha256 not in ("", found.sha256):
        detail = f"The weights in {directory} have the hash {found.sha256}, not {weights_sha256}: do not use them."
        raise InvalidInput.field("directory", detail)
    sha256 = making.make(found, draft, name=name)
    size = {"width": 2 * found.shape.width, "tokens": found.shape.tokens}
    return sha256, {"weights_sha256": found.sha256, "licence": found.licence[:100], **size}


def _kept(sha256: str, *, name: str, **said: str | int) -> Encoder:
    """Return the row of the encoder, made or taken back. The name is part of what is hashed."""
    if Encoder.objects.filter(name=name, withdrawn_at=None).exclude(sha256=sha256).exists():
        raise Conflict(f"Another encoder is called {name}. Choose another name, or `encoder remove {name}` first.")
    encoder, is_new = Encoder.objects.get_or_create(sha256=sha256, defaults={"name": name, **said})
    if not is_new and encoder.withdrawn_at is not None:
        encoder.withdrawn_at = None
        encoder.save(update_fields=["withdrawn_at"])
    return encoder


def _make_default(encoder: Encoder) -> None:
    Encoder.objects.filter(is_default=True).exclude(pk=encoder.pk).update(is_default=False)
    encoder.is_default = True
    encoder.save(update_fields=["is_default"])
    transaction.on_commit(lambda: shelf.point_to(encoder.sha256))
