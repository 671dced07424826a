"""An organisation with something to show, made by the running service, and ways to look at it."""

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from classifier import datasets, training, uploads
from classifier.models import Dataset, Model, TrainingJob
from tenants import accounts, isolation
from tenants.models import Organisation, User
from tenants.permissions import Role
from tests import universe
from tests.universe import Universe

# A page as the test client gives it, with its `context`.
Visit = Callable[..., Any]
Inside = Callable[[], AbstractContextManager[None]]
PATIENCE = 60
ROWS = [{"text": f"my {word} is wrong, number {n}", "label": word} for word in ("card", "invoice") for n in range(30)]


@dataclass(frozen=True)
class Studio:
    """An organisation of Alice, Bob (a member) and Rita (a viewer).

    It has a data set, one that was rejected, and a model of two versions, the second of which answers.
    """

    organisation: Organisation
    dataset: Dataset
    rejected: Dataset
    job: TrainingJob
    model: Model


@pytest.fixture(scope="session")
def studio(cast: Universe, django_db_blocker: Any) -> Studio:
    with django_db_blocker.unblock():
        founded, _ = universe.organisation("Studio", cast.alice)
        # The plan lies in `public`, and is read before the organisation is entered.
        organisation = Organisation.objects.select_related("plan").get(pk=founded.pk)
        accounts.add_member(organisation=organisation, user=cast.bob, role=Role.MEMBER)
        accounts.add_member(organisation=organisation, user=cast.rita, role=Role.VIEWER)
        with isolation.entered(organisation):
            dataset = upload(organisation, ROWS, "Letters")
            rejected = upload(organisation, [{"text": "alone", "label": "one"}], "Too few")
            settled(dataset)
            settled(rejected)
            for _ in range(2):
                job = train(organisation, dataset)
                settled(job)
            job = training.get(job.id)
    return Studio(organisation, dataset, rejected, job, job.model)


def upload(organisation: Organisation, rows: list[dict[str, str]], name: str) -> Dataset:
    stored = uploads.write_rows(organisation.tenant, rows)
    return datasets.create(organisation=organisation, upload=stored, name=name, by="alice")


def train(organisation: Organisation, dataset: Dataset, model: str = "letters") -> TrainingJob:
    wanted = {"quality": "fast"}
    return training.start(organisation=organisation, dataset=dataset, model_name=model, by="alice", options=wanted)


def settled(row: Dataset | TrainingJob) -> None:
    """Wait until the organisation's own worker has ended what it does for this row."""
    deadline = time.monotonic() + PATIENCE
    while row.status in {"validating", "queued", "running"}:
        assert time.monotonic() < deadline, f"{row} is still {row.status}"
        time.sleep(0.1)
        row.refresh_from_db()


@pytest.fixture
def visit(db: None, client_of: Callable[[User], Client], studio: Studio) -> Visit:
    """Open a page of the studio as somebody: `visit(rita, "dataset_list")`."""

    def get(user: User, view: str, *args: Any, **query: str) -> Any:
        return client_of(user).get(address(studio, view, *args), query)

    return get


@pytest.fixture
def send(db: None, client_of: Callable[[User], Client], studio: Studio) -> Visit:
    """Send a form of the studio's pages as somebody, and follow to where it leads."""

    def post(user: User, view: str, *args: Any, **fields: Any) -> Any:
        return client_of(user).post(address(studio, view, *args), fields, follow=True)

    return post


def address(studio: Studio, view: str, *args: Any) -> str:
    return reverse(view, args=[studio.organisation.slug, *args])


@pytest.fixture
def inside(db: None, studio: Studio) -> Inside:
    """Look into the studio: `with inside(): Dataset.objects.get(…)`."""
    return lambda: isolation.entered(studio.organisation)


def link_in_letter() -> str:
    """Return the path of the invitation that was sent last."""
    found = re.search(r"/invitations/\S+", str(mail.outbox[-1].body))
    assert found is not None
    return found[0]


def told(page: Any) -> list[str]:
    """Return what the page tells its reader about what came of a change."""
    return [str(message) for message in page.context["messages"]]
