"""Models that follow a data set: when it has grown, a training starts by itself, or is offered to a person.

A look finds out what is to be done, and may come at any time and more than once. Whatever makes one useful - a data
set that was read, the end of a training, a new rule, a day on the calendar - makes an appointment for it.
"""

import logging
from datetime import timedelta
from enum import Enum
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from classifier import datasets, registry, training
from classifier.models import Dataset, Model, TrainingJob
from classifier.models.model import LONGEST_SCHEDULE
from tenants import appointments, audit, letters
from tenants.errors import Conflict, InvalidInput, NotFound
from tenants.models import Letter

log = logging.getLogger(__name__)

# Who started a training that nobody asked for; people read it.
BY = "follow"


class _Kept(Enum):
    KEPT = "kept"


KEPT: Final = _Kept.KEPT

# --- Rules --------------------------------------------------------------------------------------------------------


@transaction.atomic
def change(*, model: Model, by: str, policy: str | None = None, **rule: Any) -> None:
    """Change a model's settings: its policy, its rule, or both together."""
    if policy is not None:
        registry.set_policy(model=model, policy=policy, by=by)
    if rule:
        set_rule(model=model, by=by, **rule)


@transaction.atomic
def set_rule(
    *,
    model: Model,
    by: str,
    follow: str | None = None,
    rows: int | None = None,
    every: int | _Kept | None = KEPT,
    dataset: str | None = None,
) -> None:
    """Change what is given of how the model follows; `every` is in days, and None is no schedule.

    `dataset` is the id of any version of the data set; without one it is what the model was trained on. Raises
    InvalidInput.
    """
    model = _locked(model.name)
    if follow is not None:
        model.follow = _checked_word(follow)
    if rows is not None:
        model.follow_rows = _checked_number("follow_rows", rows, most=2**31 - 1)
    if every is not KEPT and every != model.follow_every:
        model.follow_every = _checked_days(every)
        model.follow_due = None
    if dataset is not None:
        model.followed = _checked_dataset(dataset)
        model.offered = model.declined = None
    if model.is_following:
        _begin(model)
    else:
        _rest(model)
    model.save()
    rule = {name: getattr(model, name) for name in ("follow", "follow_rows", "follow_every", "followed_id")}
    audit.record(by=by, action="model.follow", target=model.name, **rule)


@transaction.atomic
def accept(*, model: Model, by: str) -> TrainingJob:
    """Train on the rows that are offered. Raises Conflict when none are, or when a training runs already."""
    model = _locked(model.name)
    if model.offered is None:
        raise Conflict("No new rows wait for a decision. Start a training yourself if you want one.")
    if model.is_in_training:
        raise Conflict("A training of this model runs. Wait for its end, or cancel it.")
    job = training.again(model=model, dataset=model.offered, by=by)
    model.offered = None
    model.save(update_fields=["offered"])
    return job


@transaction.atomic
def decline(*, model: Model, by: str) -> None:
    """Leave the rows that are offered alone; the next new ones are offered again. Raises Conflict when none are."""
    model = _locked(model.name)
    if model.offered is None:
        raise Conflict("No new rows wait for a decision.")
    model.declined, model.offered = model.offered, None
    model.save(update_fields=["declined", "offered"])
    audit.record(by=by, action="model.rows_declined", target=model.name, dataset=model.declined_id)


def _locked(name: str) -> Model:
    """Return the model as nobody else changes it until the transaction ends. Raises NotFound."""
    rows = Model.objects.select_for_update(of=("self",), no_key=True)
    found = rows.select_related("champion__dataset", "followed", "offered").filter(name=name).first()
    if found is None:
        raise NotFound
    return found


def _begin(model: Model) -> None:
    model.followed = model.followed or _trained_on(model)
    if model.followed is None:
        detail = "Name a data set to follow, or train the model first."
        raise InvalidInput.field("follow_dataset", detail, code="required")
    if model.follow_every and model.follow_due is None:
        model.follow_due = timezone.now() + timedelta(days=model.follow_every)
    # There may be new rows already.
    appointments.make(model.name, at=timezone.now())


def _rest(model: Model) -> None:
    model.offered = model.follow_due = None
    appointments.drop(model.name)


def _trained_on(model: Model) -> Dataset | None:
    newest = model.versions.select_related("dataset").order_by("-number").first()
    known = [version.dataset for version in (model.champion, newest) if version]
    return next(filter(None, known), None)


def _checked_word(follow: str) -> str:
    if follow not in Model.Follow.values:
        raise InvalidInput.field("follow", f"Name one of: {', '.join(Model.Follow.values)}.")
    return follow


def _checked_number(name: str, value: int, *, most: int) -> int:
    if not 1 <= value <= most:
        raise InvalidInput.field(name, f"Give a number from 1 to {most:,}.")
    return value


def _checked_days(every: int | None) -> int | None:
    return None if every is None else _checked_number("follow_every_days", every, most=LONGEST_SCHEDULE)


def _checked_dataset(dataset_id: str) -> Dataset:
    found = Dataset.objects.filter(id=dataset_id, status=Dataset.Status.READY).first()
    if found is None:
        raise InvalidInput.field("follow_dataset", "There is no data set of this id that is ready. Name another.")
    return found


# --- Looks --------------------------------------------------------------------------------------------------------


def hear_of(dataset: Dataset) -> None:
    """Have the models that may follow this data set looked at, if it is a version of an earlier one."""
    if dataset.parent_id is not None:
        for name in followers():
            appointments.make(name, at=timezone.now())


def followers() -> list[str]:
    """Return the names of the models that follow; always in the same order, so that nobody waits in a circle."""
    return list(Model.objects.exclude(follow=Model.Follow.OFF).order_by("name").values_list("name", flat=True))


@transaction.atomic
def look(name: str) -> None:
    """Do what the model's rule says now, and make the next appointment of its schedule. Raises NotFound."""
    model = _locked(name)
    if not model.is_following or model.is_in_training:
        return  # The end of a training makes an appointment of its own.
    now = timezone.now()
    is_due = model.follow_due is not None and model.follow_due <= now
    fresh = _fresh_rows(model)
    if model.followed and fresh > 0 and (is_due or _is_enough(model, fresh)):
        _act(model, model.followed, fresh)
    elif is_due:
        log.info("%s has learnt from all rows that there are, so its schedule starts no training today", name)
    if is_due and model.follow_every:
        model.follow_due = now + timedelta(days=model.follow_every)
    model.save()
    if model.follow_due:
        appointments.make(name, at=model.follow_due)


def _fresh_rows(model: Model) -> int:
    """Move the model along to the newest version of its data set; return how many rows it has not learnt from."""
    if model.followed is None:
        return 0
    versions = datasets.versions_of(model.followed).filter(status=Dataset.Status.READY)
    model.followed = newest = versions.latest("created_at")
    last = model.versions.order_by("-number").first()
    known = versions.filter(id=last.dataset_id).first() if last else None
    fresh = newest.rows - (known.rows if known else 0)
    if fresh <= 0:
        model.offered = None
    return fresh


def _is_enough(model: Model, fresh: int) -> bool:
    # Rows on which a training failed or was canceled are not tried again, or that would never end.
    return fresh >= model.follow_rows and not model.training_jobs.filter(dataset=model.followed).exists()


def _act(model: Model, newest: Dataset, fresh: int) -> None:
    if model.follow == Model.Follow.AUTOMATIC:
        model.offered = None
        training.again(model=model, dataset=newest, by=BY)
    elif newest.id not in {model.offered_id, model.declined_id}:
        model.offered = newest
        count = "1 row" if fresh == 1 else f"{fresh:,} rows"
        reason = f"{newest.name} ({newest.id}) has {count} that it has not learnt from. Say whether to train on them."
        letters.write(Letter.Kind.ROWS_WAIT, about=model.name, reason=reason)
