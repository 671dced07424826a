from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from classifier import datasets
from classifier.models import Dataset
from tenants import isolation
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, address, upload


def content(studio: Studio, dataset: Dataset, inside: Inside) -> str:
    """Return what the worker will read of the rows that were added."""
    with inside():
        return datasets.file_of(studio.organisation.tenant, dataset.id).read_text()


def test_a_file_makes_a_new_version_of_the_data_set(send: Visit, bob: User, studio: Studio) -> None:
    file = SimpleUploadedFile("april.csv", b"text,label\nnew,card\n")
    dataset = send(bob, "dataset_extend", studio.dataset.id, file=file).context["dataset"]
    assert (dataset.parent_id, dataset.file_name, dataset.created_by) == (studio.dataset.id, "april.csv", bob.email)


@pytest.mark.parametrize("text", ["text,label\r\nnew,card", '{"text": "new", "label": "card"}'])
def test_so_do_pasted_rows(send: Visit, bob: User, studio: Studio, inside: Inside, text: str) -> None:
    dataset = send(bob, "dataset_extend", studio.dataset.id, pasted=text).context["dataset"]
    assert (dataset.parent_id, dataset.status) == (studio.dataset.id, "validating")
    assert content(studio, dataset, inside) == text.replace("\r\n", "\n")


def test_the_field_begins_with_the_columns_of_the_data_set(visit: Visit, bob: User, studio: Studio) -> None:
    assert visit(bob, "dataset_extend", studio.dataset.id).context["form"]["pasted"].value() == "text,label\n"


@pytest.mark.parametrize("fields", [{"pasted": ""}, {"pasted": "text,label\r\n"}])
def test_a_form_without_rows_is_refused_at_its_field(
    send: Visit, bob: User, studio: Studio, fields: dict[str, Any]
) -> None:
    page = send(bob, "dataset_extend", studio.dataset.id, **fields)
    assert page.context["form"].errors["pasted"] == ["Choose a file, or paste rows below the header."]


def test_one_that_is_still_read_takes_no_rows(send: Visit, bob: User, studio: Studio, inside: Inside) -> None:
    with inside():
        waiting = upload(studio.organisation, [{"text": "a", "label": "b"}], "Waiting")
    page = send(bob, "dataset_extend", waiting.id, pasted="text,label\na,b")
    assert "still being read" in page.context["form"].non_field_errors()[0]
    assert list((isolation.directory(studio.organisation.tenant) / "uploads").iterdir()) == []


def test_rows_beyond_the_plan_are_refused_with_the_limit(send: Visit, bob: User, studio: Studio) -> None:
    plan = studio.organisation.plan
    plan.dataset_bytes = 3
    plan.save()
    file = SimpleUploadedFile("april.csv", b"text,label\nnew,card\n")
    assert "A file may have 3 bytes" in send(bob, "dataset_extend", studio.dataset.id, file=file).text
    page = send(bob, "dataset_extend", studio.dataset.id, pasted="text,label\nnew,card\n")
    assert "takes 3 bytes at a time" in page.context["form"].non_field_errors()[0]


def test_a_form_from_elsewhere_is_refused(db: None, bob: User, studio: Studio) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    sent = client.post(address(studio, "dataset_extend", studio.dataset.id), {"pasted": "text,label\na,card"})
    assert sent.status_code == 403
