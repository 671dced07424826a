"""Data sets: handed in as a file, read by the organisation's own worker, then ready or rejected for ever."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, Q, QuerySet, Value, When
from django.utils import timezone

from classifier import vectors
from classifier.errors import DatasetNotReady
from classifier.ml.errors import Problem
from classifier.ml.schema import Schema
from classifier.models import Dataset, Model, Row, TrainingJob
from classifier.models.training_job import FINISHED
from classifier.queues import BATCH
from classifier.uploads import Upload, write
from tenants import audit, folders, isolation, jobs
from tenants.errors import Conflict, NotFound, QuotaExceeded, TooLarge
from tenants.models import Organisation

FOLDER = "datasets"
VALIDATE = "validate"
CHOICES = 200
# 400 messages to a support desk, 50 of each of 8 labels.
SAMPLE = Path(__file__).parent / "sample" / "support.csv"

# Up to the first version, which has no parent, and down again to everything that grew from it.
VERSIONS = """
    WITH RECURSIVE earlier AS (
        SELECT id, parent_id FROM classifier_dataset WHERE id = %s
        UNION SELECT d.id, d.parent_id FROM classifier_dataset d JOIN earlier e ON d.id = e.parent_id
    ), version AS (
        SELECT id FROM earlier WHERE parent_id IS NULL
        UNION SELECT d.id FROM classifier_dataset d JOIN version v ON d.parent_id = v.id
    ) SELECT id FROM version
"""


@dataclass(frozen=True)
class Examples:
    """The rows of a data set in their order, column by column."""

    numbers: list[int]
    inputs: list[Mapping[str, str | None]]
    labels: list[str]
    held_out: list[bool]


def get(dataset_id: str) -> Dataset:
    found = Dataset.objects.filter(id=dataset_id).first()
    if found is None:
        raise NotFound
    return found


def choices(*, including: str = "") -> QuerySet[Dataset]:
    """Return the newest data sets that can be trained on, as many as a person can choose among.

    The one with the id `including` comes first, however old it is.
    """
    ready = Dataset.objects.filter(status=Dataset.Status.READY)
    others = Case(When(id=including.replace("\0", ""), then=Value(False)), default=Value(True))
    return ready.order_by(others, "-created_at")[:CHOICES]


def find_row(dataset_id: str, number: str) -> Mapping[str, Any] | None:
    """Return the columns of one row, or None where there is no such row."""
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    found = Row.objects.filter(dataset_id=dataset_id.replace("\0", ""), number=int(number))
    return found.values_list("inputs", flat=True).first()


def locked(dataset_id: str) -> Dataset:
    """Return the data set, which nobody else changes or deletes until the transaction ends. Raises NotFound."""
    # Whoever only refers to it, as a version that is just being kept does, need not wait.
    found = Dataset.objects.select_for_update(no_key=True).filter(id=dataset_id).first()
    if found is None:
        raise NotFound
    return found


def versions_of(dataset: Dataset) -> QuerySet[Dataset]:
    """Return all data sets that grew from the same first one, this one included."""
    with connection.cursor() as cursor:
        cursor.execute(VERSIONS, [dataset.id])
        return Dataset.objects.filter(id__in=[found for (found,) in cursor.fetchall()])


def lineage(dataset: Dataset) -> list[str]:
    """Return the ids of the data set and of those that it grew from, the nearest first."""
    found = [dataset.id]
    while dataset.parent is not None:
        dataset = dataset.parent
        found.append(dataset.id)
    return found


def create(
    *,
    organisation: Organisation,
    upload: Upload,
    name: str,
    by: str,
    label: str = "",
    text: str = "",
    parent: Dataset | None = None,
) -> Dataset:
    """Take the file in, and have it read.

    Raises TooLarge for more bytes, and QuotaExceeded for more data sets, than the plan allows.
    """
    dataset = Dataset(
        name=(name or Path(upload.name).stem)[:100],
        label=label,
        text=text,
        file_name=upload.name[:200],
        bytes=upload.bytes + (parent.bytes if parent else 0),
        # Of a data set with a parent: the hash of both hashes, so that it stands for all of its rows.
        sha256=hashlib.sha256(f"{parent.sha256}{upload.sha256}".encode()).hexdigest() if parent else upload.sha256,
        parent=parent,
        created_by=by,
    )
    folders.part(organisation.tenant, FOLDER)
    with _moved(upload, file_of(organisation.tenant, dataset.id)), transaction.atomic():
        _check_room(organisation, upload)
        dataset.save(force_insert=True)
        jobs.submit(dataset.id, kind=VALIDATE, queue=BATCH, subject=dataset.name)
    return dataset


def create_sample(*, organisation: Organisation, by: str) -> Dataset:
    """Take in the sample data set, for somebody who has no rows at hand yet. Raises what `create` raises."""
    upload = write(organisation.tenant, SAMPLE.read_bytes(), name=SAMPLE.name)
    try:
        return create(organisation=organisation, upload=upload, name="Support messages (sample)", by=by)
    finally:
        upload.path.unlink(missing_ok=True)


@transaction.atomic
def add_rows(*, organisation: Organisation, dataset: Dataset, upload: Upload, by: str) -> Dataset:
    """Make a new data set of the rows of `dataset` and those of the file. Raises DatasetNotReady."""
    dataset = locked(dataset.id)
    check_ready(dataset)
    return create(
        organisation=organisation,
        upload=upload,
        name=dataset.name,
        by=by,
        label=dataset.label,
        text=dataset.text,
        parent=dataset,
    )


def add_pasted_rows(*, organisation: Organisation, dataset: Dataset, text: str, by: str) -> Dataset:
    """Add rows that come as a text, CSV or JSONL, as they would stand in a file. Raises what `add_rows` raises."""
    upload = write(organisation.tenant, text.encode(), name="pasted")
    try:
        return add_rows(organisation=organisation, dataset=dataset, upload=upload, by=by)
    finally:
        upload.path.unlink(missing_ok=True)


@transaction.atomic
def delete(*, organisation: Organisation, dataset: Dataset, by: str) -> None:
    """Destroy rows and file. Models that were trained on them stay.

    Raises Conflict while a training reads the rows, or a worker the file.
    """
    # Models come before data sets wherever both are locked, so that nobody waits for another in a circle.
    list(Model.objects.select_for_update(no_key=True).filter(Q(followed=dataset) | Q(offered=dataset)).order_by("id"))
    dataset = locked(dataset.id)
    if TrainingJob.objects.filter(dataset=dataset).exclude(status__in=FINISHED).exists():
        raise Conflict("A training reads this data set. Cancel it, or wait for its end.")
    if dataset.children.filter(status=Dataset.Status.VALIDATING).exists():
        raise Conflict("Rows are being added to this data set. Wait until the new one is ready.")
    if not jobs.cancel(dataset.id) and dataset.status == Dataset.Status.VALIDATING:
        raise Conflict("This data set is being read. Try again when its status has changed.")
    dataset_id, path = dataset.id, file_of(organisation.tenant, dataset.id)
    audit.record(by=by, action="dataset.deleted", target=dataset.id, name=dataset.name)
    # Whoever followed it goes on with the version before.
    Model.objects.filter(followed=dataset).update(followed=dataset.parent_id)
    dataset.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))
    transaction.on_commit(lambda: vectors.drop(organisation.tenant, dataset_id))


def check_ready(dataset: Dataset) -> None:
    if dataset.status == Dataset.Status.VALIDATING:
        raise DatasetNotReady("This data set is still being read. Try again when its status is `ready`.")
    if not dataset.is_ready:
        raise DatasetNotReady("This data set was rejected; its `problems` say why. Mend the file and upload it again.")


def schema_of(dataset: Dataset) -> Schema:
    """Return what the columns are. Raises DatasetNotReady."""
    check_ready(dataset)
    return Schema.from_json(dataset.schema or {})


def file_of(tenant: str, dataset_id: str) -> Path:
    return isolation.directory(tenant) / FOLDER / dataset_id


def examples(dataset: Dataset) -> Examples:
    columns = Row.objects.filter(dataset=dataset).order_by("number")
    read = list(columns.values_list("number", "inputs", "label", "held_out"))
    numbers, inputs, labels, held_out = (list(column) for column in zip(*read, strict=True))
    return Examples(numbers, inputs, labels, held_out)


# --- What the worker finds ---------------------------------------------------------------------------------------


@transaction.atomic
def accept(
    *,
    dataset: Dataset,
    attempt: int,
    schema: Schema,
    examples: Examples,
    labels: Mapping[str, int],
    report: Mapping[str, Any],
) -> None:
    """Keep what was read. Raises LeaseLost, which takes it back, when another attempt has taken over."""
    _copy_rows(dataset, examples)
    dataset.schema = schema.to_json()
    dataset.rows = len(examples.numbers)
    dataset.labels = dict(labels)
    dataset.report = dict(report)
    dataset.status = Dataset.Status.READY
    dataset.finished_at = timezone.now()
    dataset.save(update_fields=["schema", "rows", "labels", "report", "status", "finished_at"])
    jobs.finish(dataset.id, attempt, "succeeded")


@transaction.atomic
def reject(*, dataset: Dataset, attempt: int, problems: Sequence[Problem]) -> None:
    """Say why the file cannot be used."""
    dataset.problems = [{"row": p.row, "code": p.code, "detail": p.detail} for p in problems]
    dataset.status = Dataset.Status.REJECTED
    dataset.finished_at = timezone.now()
    dataset.save(update_fields=["problems", "status", "finished_at"])
    jobs.finish(dataset.id, attempt, "failed")


def _copy_rows(dataset: Dataset, examples: Examples) -> None:
    statement = f"COPY {Row._meta.db_table} (dataset_id, number, label, inputs, held_out) FROM STDIN"
    columns = zip(examples.numbers, examples.labels, examples.inputs, examples.held_out, strict=True)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for number, label, inputs, held_out in columns:
            copy.write_row((dataset.id, number, label, json.dumps(inputs, ensure_ascii=False), held_out))


def _check_room(organisation: Organisation, upload: Upload) -> None:
    if upload.bytes > organisation.plan.dataset_bytes:
        most = f"{organisation.plan.dataset_bytes:,} bytes"
        raise TooLarge(f"The plan {organisation.plan} takes {most} at a time. Send fewer rows.")
    isolation.lock("datasets")
    limit = organisation.plan.dataset_count
    if limit is not None and Dataset.objects.count() >= limit:
        detail = f"The plan {organisation.plan} holds {limit} data sets. Delete one, or ask for a larger plan."
        raise QuotaExceeded(detail, retry_after=3600)


@contextmanager
def _moved(upload: Upload, target: Path) -> Iterator[None]:
    """Move the file to its place for the block, and remove it again when the block fails."""
    upload.path.rename(target)
    try:
        yield
    except BaseException:
        target.unlink()
        raise
