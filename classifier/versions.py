"""What is asked of a version all the time, wherever its model is from. Nothing in here loads a model."""

from dataclasses import dataclass

from django.db import connection

from classifier.ml.silence import Silence
from classifier.models import ModelVersion
from tenants.errors import NotFound

# Whose shared models are; no organisation has this name, since theirs have 16 characters.
OWNER = "assort"

_SHARED = "SELECT sha256, threshold, scope_refused FROM door.shared_models() WHERE name = %s AND number = %s"


@dataclass(frozen=True)
class Standing:
    """A version's hash, and when it is to be silent."""

    sha256: str
    silence: Silence


def is_shared(model_name: str) -> bool:
    return model_name.startswith(f"{OWNER}.")


def standing(model: str, number: int) -> Standing:
    """Return how the version that has this name now stands. Raises NotFound."""
    found = _of_shared(model, number) if is_shared(model) else _of_own(model, number)
    if found is None:
        raise NotFound
    sha256, threshold, scope_refused = found
    return Standing(sha256, Silence(threshold, scope_refused))


def _of_own(model: str, number: int) -> tuple[str, float | None, float | None] | None:
    named = ModelVersion.objects.filter(model__name=model, number=number)
    return named.values_list("sha256", "threshold", "scope_refused").first()


def _of_shared(model: str, number: int) -> tuple[str, float | None, float | None] | None:
    # The other columns, which are large, stay where they are.
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, [model.partition(".")[2], number])
        found: tuple[str, float | None, float | None] | None = cursor.fetchone()
    return found


def tell_of_change() -> None:
    """Have the gateways learn anew, with the commit, what the organisation's models are, and workers look again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('route', door.tenant())")
