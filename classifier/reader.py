"""What a worker does with an uploaded file: reads it into rows, or rejects it. Runs without Celery.

The job ends here, whatever happens, except when the process dies: then its lease runs out, and another gets it.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, transaction

from classifier import datasets, following, leases
from classifier.leases import DEFAULT_BOUNDS, LOST, OUR_FAULT, Bounds
from classifier.ml import report, schema, split, table
from classifier.ml.errors import Problem, TableRejected
from classifier.ml.rows import Limits, Table
from classifier.ml.schema import Schema
from classifier.models import Dataset
from tenants import jobs

log = logging.getLogger(__name__)

LONGEST_LABEL = 500


def validate(dataset_id: str, *, tenant: str, bounds: Bounds = DEFAULT_BOUNDS) -> None:
    """Read the uploaded file into rows, or reject it with reasons."""
    attempt = jobs.claim(dataset_id)
    if attempt is None:
        return
    dataset = Dataset.objects.select_related("parent").filter(id=dataset_id).first()
    if dataset is None:  # It was deleted while this job was on its way.
        jobs.finish(dataset_id, attempt, "canceled")
        return
    if attempt > jobs.ATTEMPTS:
        datasets.reject(dataset=dataset, attempt=attempt, problems=[Problem(None, "unreadable", LOST)])
        return
    with leases.kept(dataset_id, attempt, tenant=tenant):
        try:
            _read(dataset, attempt, tenant, bounds)
        except TableRejected as refused:
            datasets.reject(dataset=dataset, attempt=attempt, problems=refused.problems)
        except MemoryError:
            problem = Problem(None, "too_large", "Reading this file takes too much memory. Split it.")
            datasets.reject(dataset=dataset, attempt=attempt, problems=[problem])
        except (DatabaseError, jobs.LeaseLost):
            raise  # Another attempt has begun, or will when the lease has run out.
        except Exception:  # A fault of ours would come again with each attempt: say so now.
            log.exception("%s failed", dataset_id)
            problem = Problem(None, "internal", OUR_FAULT.format(dataset_id))
            datasets.reject(dataset=dataset, attempt=attempt, problems=[problem])
    # What there is to know of it stands in the rows or in the problems now.
    datasets.file_of(tenant, dataset_id).unlink(missing_ok=True)


@dataclass(frozen=True)
class Examined:
    """What can be learned from a table, and what is to be said of it."""

    schema: Schema
    examples: datasets.Examples
    report: Mapping[str, Any]


def examine(whole: Table, *, label: str | None = None, text: str | None = None) -> Examined:
    """Find out what the columns are and which rows count. Raises TableRejected."""
    found = schema.infer(whole, label=label, text=text)
    inputs, labels, numbers = schema.examples(whole, found)
    _refuse_long(labels, numbers)
    held_out = split.held_out(inputs, labels)
    examples = datasets.Examples(numbers, list(inputs), list(labels), held_out.tolist())
    return Examined(found, examples, report.report(whole, found))


def _read(dataset: Dataset, attempt: int, tenant: str, bounds: Bounds) -> None:
    limits = Limits(rows=bounds.dataset_rows)
    added = table.read(datasets.file_of(tenant, dataset.id), limits=limits)
    whole = added if dataset.parent is None else _joined(dataset.parent, added)
    found = examine(whole, label=dataset.label or None, text=dataset.text or None)
    with transaction.atomic():
        datasets.accept(
            dataset=dataset,
            attempt=attempt,
            schema=found.schema,
            examples=found.examples,
            labels=Counter(found.examples.labels),
            report=found.report,
        )
        following.hear_of(dataset)


def _refuse_long(labels: list[str], numbers: list[int]) -> None:
    for label, number in zip(labels, numbers, strict=True):
        if len(label) > LONGEST_LABEL:
            detail = f"A label may have {LONGEST_LABEL} characters. Name another column as the label."
            raise TableRejected([Problem(number, "label_too_long", detail)])


def _joined(parent: Dataset, added: Table) -> Table:
    """Return the parent's rows, then the new ones, in the parent's columns."""
    before = datasets.examples(parent)
    known = datasets.schema_of(parent)
    names = (*(column.name for column in known.features), known.label)
    unknown = sorted(set(added.names) - set(names))
    if unknown:
        listed = ", ".join(unknown[:20])
        problem = Problem(1, "unknown_column", f"The data set has no column {listed}. Leave it out.")
        raise TableRejected([problem])
    old = [
        (*(row.get(name) for name in names[:-1]), label)
        for row, label in zip(before.inputs, before.labels, strict=True)
    ]
    places = [added.names.index(name) if name in added.names else None for name in names]
    new = [tuple(None if place is None else row[place] for place in places) for row in added.rows]
    return Table(names, old + new)
