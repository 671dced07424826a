import pytest

from classifier import datasets, leases, reader
from tenants import jobs
from tenants.models import Organisation
from tests.classifier import rows

BAD_FILES = {
    "empty": "",
    "header_only": "text,label\n",
    "ragged": "text,label\na,b\nc\nd,e,f,g\n",
    "one_label": "text,label\n" + "hello there,a\n" * 5,
    "nul": "text,label\nhel\0lo,a\nworld,b\n",
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_is_rejected_with_a_reason(inside_acme: Organisation, content: str) -> None:
    dataset = rows.ready(inside_acme, content)
    assert dataset.status == "rejected"
    assert dataset.problems[0]["detail"]


def test_a_file_is_read_once_although_its_message_comes_twice(inside_acme: Organisation) -> None:
    dataset = rows.ready(inside_acme)
    reader.validate(dataset.id, tenant=inside_acme.tenant)
    assert len(datasets.examples(dataset).numbers) == rows.COUNT


def test_a_child_has_its_parents_rows_and_keeps_their_sides(inside_acme: Organisation) -> None:
    parent = rows.ready(inside_acme)
    more = rows.upload(inside_acme, "label,text\nbilling,the bill is new to me\n")
    child = datasets.add_rows(organisation=inside_acme, dataset=parent, upload=more, by="alice")
    reader.validate(child.id, tenant=inside_acme.tenant)
    child.refresh_from_db()
    before, after = datasets.examples(parent), datasets.examples(child)
    assert child.rows == rows.COUNT + 1
    assert after.held_out[: rows.COUNT] == before.held_out


def test_a_child_with_a_strange_column_is_rejected(inside_acme: Organisation) -> None:
    parent = rows.ready(inside_acme)
    more = rows.upload(inside_acme, "text,label,mood\nhello there,billing,good\n")
    child = datasets.add_rows(organisation=inside_acme, dataset=parent, upload=more, by="alice")
    reader.validate(child.id, tenant=inside_acme.tenant)
    child.refresh_from_db()
    assert (child.status, child.problems[0]["code"]) == ("rejected", "unknown_column")


def test_a_data_set_that_was_deleted_meanwhile_ends_its_job(inside_acme: Organisation) -> None:
    dataset = rows.handed_in(inside_acme)
    dataset_id = dataset.id
    dataset.delete()
    reader.validate(dataset_id, tenant=inside_acme.tenant)
    assert jobs.claim(dataset_id) is None


def test_a_label_of_a_thousand_characters_is_rejected_with_its_row(inside_acme: Organisation) -> None:
    dataset = rows.ready(inside_acme, "text,label\nhello,a\nworld,b\nhello world," + "x" * 1000 + "\nagain,a\n")
    assert (dataset.status, dataset.problems[0]["row"]) == ("rejected", 4)


def test_a_file_whose_worker_was_lost_each_time_is_rejected_with_advice(
    inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ATTEMPTS", 0)
    dataset = rows.ready(inside_acme)
    assert (dataset.status, [problem["detail"] for problem in dataset.problems]) == ("rejected", [leases.LOST])
