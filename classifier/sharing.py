"""Models that the operator shares with every organisation, as `assort.<name>`.

Their rows lie in `public`: organisations read them through a door, and only who publishes writes them. Their arrays
lie in a folder that workers may read. Nothing goes along of the rows that they were trained on.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone

from classifier import registry
from classifier.encoders import shelf
from classifier.ml import artefact
from classifier.ml.predictor import Predictor
from classifier.ml.schema import Schema
from classifier.models import ModelVersion
from classifier.versions import OWNER, is_shared
from tenants import ids, isolation
from tenants.errors import Conflict, InvalidInput, NotFound
from tenants.models import Organisation, SharedModel

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def check_own(model_name: str) -> None:
    """Raise Conflict for a shared model, which no organisation can change, and NotFound for one that is not there."""
    if is_shared(model_name):
        get(model_name)
        raise Conflict(f"{model_name} is shared by the operator, and is the same for all. Train a model of your own.")


def versions() -> list[SharedModel]:
    """Return every version of every shared model, of each name the newest first. Runs inside an organisation."""
    return list(SharedModel.objects.raw("SELECT * FROM door.shared_models()"))


def find_all() -> list[SharedModel]:
    """Return the version of each shared model that serves: its newest."""
    newest = {version.name: version for version in reversed(versions())}
    return [newest[name] for name in sorted(newest)]


def versions_of(model_name: str) -> list[SharedModel]:
    """Return the versions of `assort.<name>`, the newest first. Raises NotFound."""
    found = [version for version in versions() if version.full_name == model_name]
    if not found:
        raise NotFound
    return found


def get(model_name: str) -> SharedModel:
    """Return the version of `assort.<name>` that serves. Raises NotFound."""
    return versions_of(model_name)[0]


def get_version(model_name: str, number: int) -> SharedModel:
    for version in versions_of(model_name):
        if version.number == number:
            return version
    raise NotFound


def load(model_name: str, number: int) -> Predictor:
    """Return what answers for a version. Raises NotFound, and ArtefactDamaged when a byte differs."""
    version = get_version(model_name, number)
    return artefact.load(folder_of(version.name, number) / "served", shelf.library(), sha256=version.sha256)


def load_base(named: str) -> Predictor:
    """Return the twin of `assort.<name>@<number>`, from which a training may start. Raises what `load` raises.

    Which rows are held out follows from their content, so the twin has seen none that the training is judged by.
    """
    model_name, _, number = named.partition("@")
    version = get_version(model_name, int(number))
    folder = folder_of(version.name, version.number) / "twin"
    return artefact.load(folder, shelf.library(), sha256=version.twin_sha256)


def folder_of(name: str, number: int) -> Path:
    return isolation.shared_directory() / name / str(number)


# --- What operators do ---------------------------------------------------------------------------------------------


def publish(*, organisation: Organisation, model: str, version: int, name: str, by: str) -> SharedModel:
    """Make a version of the organisation's model the newest of `assort.<name>`, as silent as it is there.

    Doing so again changes nothing but that.

    Raises InvalidInput for a name that cannot be, and NotFound for a version that is not there.
    """
    if not NAME.fullmatch(name):
        detail = "A shared model's name has 1 to 63 of a-z, 0-9, _ and -, and begins with a letter or a digit."
        raise InvalidInput.field("name", detail)
    with isolation.entered(organisation):
        original = registry.get_version(registry.get(model), version)
        served = without_rows(registry.load(tenant=organisation.tenant, model_name=model, number=version))
        twin = without_rows(registry.load_twin(tenant=organisation.tenant, version=original))
    with _saved(served, twin) as draft, transaction.atomic():
        return _add(original, draft, name=name, source=organisation.tenant, by=by)


def withdraw(*, name: str, number: int | None = None) -> int:
    """Let nobody use `assort.<name>` any more, or that version of it; return how many versions that were.

    Models that were trained from it go on. Raises NotFound where there was none.
    """
    found = SharedModel.objects.filter(name=name, withdrawn_at=None)
    found = found if number is None else found.filter(number=number)
    with transaction.atomic():
        numbers = list(found.select_for_update().values_list("number", flat=True))
        if not numbers:
            raise NotFound
        found.update(withdrawn_at=timezone.now())
        _tell()
    for gone in numbers:
        shutil.rmtree(folder_of(name, gone), ignore_errors=True)
    return len(numbers)


def without_rows(predictor: Predictor) -> Predictor:
    """Return the same model without the rows in it: examples of columns, and the golden rows of its check.

    A shared text model is checked with the names of its labels instead, a table model with an empty record. What
    remains are the n-grams and levels that it knows, and of a model with an encoder each label's mean vector.
    """
    plain = Schema.from_json(_without_examples(predictor.schema))
    golden = predictor.labels if plain.kind == "text" else ({},)
    return replace(predictor, schema=plain, golden=golden)


def _without_examples(schema: Schema) -> dict[str, object]:
    columns = schema.to_json()
    for part in ("features", "ignored"):
        columns[part] = [{**column, "examples": ()} for column in columns[part]]
    return columns


@dataclass(frozen=True)
class _Draft:
    """Saved artefacts that have no row yet."""

    folder: Path
    served: Predictor
    sha256: str
    twin_sha256: str


def _add(original: ModelVersion, draft: _Draft, *, name: str, source: str, by: str) -> SharedModel:
    last = SharedModel.objects.select_for_update().filter(name=name).order_by("-number").first()
    if last is not None and last.sha256 == draft.sha256 and last.withdrawn_at is None:
        last.threshold, last.scope_refused = original.threshold, original.scope_refused
        last.save(update_fields=["threshold", "scope_refused"])
        return last
    number = last.number + 1 if last else 1
    target = folder_of(name, number)
    # A folder of this number without a row is what a process left that died just here.
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(mode=0o755, exist_ok=True)
    draft.folder.rename(target)
    added = SharedModel.objects.create(
        model=last.model if last else ids.new("mdl"),
        name=name,
        number=number,
        kind=original.kind,
        schema=draft.served.schema.to_json(),
        labels=list(draft.served.labels),
        # How often which labels were mixed up stays with the rows behind it.
        metrics={key: value for key, value in original.metrics.items() if key != "confusion"},
        seconds=original.seconds,
        sha256=draft.sha256,
        twin_sha256=draft.twin_sha256,
        threshold=original.threshold,
        scope_refused=original.scope_refused,
        source=f"{source}.{original.model.name}@{original.number}",
        published_by=by,
    )
    _tell()
    return added


@contextmanager
def _saved(served: Predictor, twin: Predictor) -> Iterator[_Draft]:
    """Save both artefacts for the block; where the block did not move them away, they are removed."""
    folder = isolation.shared_directory() / f".{ids.random_text(12)}"
    folder.mkdir(mode=0o755, parents=True)
    try:
        hashes = artefact.save(served, folder / "served"), artefact.save(twin, folder / "twin")
        yield _Draft(folder, served, *hashes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tell() -> None:
    """Have the gateways look again, as after a promotion."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('route', %s)", [OWNER])
