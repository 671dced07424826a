import pytest

from classifier import datasets, training, uploads
from classifier.errors import DatasetNotReady
from classifier.ml.errors import Problem
from classifier.models import Dataset
from tenants import isolation, jobs
from tenants.errors import Conflict, NotFound, QuotaExceeded
from tenants.models import Job, Organisation
from tests.classifier import rows


def test_a_new_data_set_waits_for_its_worker(inside_acme: Organisation) -> None:
    dataset = rows.handed_in(inside_acme)
    assert dataset.status == Dataset.Status.VALIDATING
    assert datasets.file_of(inside_acme.tenant, dataset.id).read_bytes() == rows.MESSAGES.encode()


def test_its_job_is_handed_in_with_it(acme: Organisation) -> None:
    with isolation.entered(acme):
        dataset = rows.handed_in(acme)
    assert Job.objects.get(pk=dataset.id).kind == datasets.VALIDATE


def test_a_file_is_named_by_us_and_not_by_the_customer(inside_acme: Organisation) -> None:
    dataset = rows.handed_in(inside_acme, file_name="../../../etc/passwd")
    assert datasets.file_of(inside_acme.tenant, dataset.id).parent.name == "datasets"
    assert dataset.name == "passwd"


def test_the_plan_bounds_the_number(inside_acme: Organisation) -> None:
    inside_acme.plan.dataset_count = Dataset.objects.count() + 1
    rows.handed_in(inside_acme)
    with pytest.raises(QuotaExceeded, match="Delete one"):
        rows.handed_in(inside_acme)


def test_a_file_whose_row_cannot_be_written_does_not_stay(
    inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **named: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(jobs, "submit", refuse)
    before = sorted((isolation.directory(inside_acme.tenant) / "datasets").glob("*"))
    with pytest.raises(ConnectionError):
        rows.handed_in(inside_acme)
    assert sorted((isolation.directory(inside_acme.tenant) / "datasets").glob("*")) == before


def test_a_ready_one_has_its_rows_in_order(inside_acme: Organisation) -> None:
    dataset = rows.ready(inside_acme)
    examples = datasets.examples(dataset)
    assert dataset.rows == len(examples.numbers) == rows.COUNT
    assert examples.numbers == sorted(examples.numbers)
    assert sum(dataset.labels.values()) == rows.COUNT


def test_a_rejected_one_says_why_and_cannot_be_trained_on(inside_acme: Organisation) -> None:
    dataset = rows.handed_in(inside_acme)
    attempt = jobs.claim(dataset.id) or 0
    datasets.reject(dataset=dataset, attempt=attempt, problems=[Problem(3, "ragged", "Row 3 is short.")])
    assert dataset.problems == [{"row": 3, "code": "ragged", "detail": "Row 3 is short."}]
    with pytest.raises(DatasetNotReady, match="rejected"):
        datasets.check_ready(dataset)


def test_one_that_is_still_read_cannot_get_rows(inside_acme: Organisation) -> None:
    dataset = rows.handed_in(inside_acme)
    more = uploads.write_rows(inside_acme.tenant, [{"text": "hello", "label": "billing"}])
    with pytest.raises(DatasetNotReady, match="still being read"):
        datasets.add_rows(organisation=inside_acme, dataset=dataset, upload=more, by="alice")


def test_added_rows_make_a_new_data_set_with_a_parent(inside_acme: Organisation) -> None:
    parent = rows.ready(inside_acme)
    more = uploads.write_rows(inside_acme.tenant, [{"text": "hello", "label": "billing"}])
    child = datasets.add_rows(organisation=inside_acme, dataset=parent, upload=more, by="alice")
    assert (child.parent, child.status) == (parent, Dataset.Status.VALIDATING)
    assert child.id != parent.id


def test_deleting_destroys_rows_and_file(inside_acme: Organisation, django_capture_on_commit_callbacks: object) -> None:
    dataset = rows.ready(inside_acme)
    path = datasets.file_of(inside_acme.tenant, dataset.id)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # pytest-django's
        datasets.delete(organisation=inside_acme, dataset=dataset, by="alice")
    assert not path.exists()
    with pytest.raises(NotFound):
        datasets.get(dataset.id)


def test_one_to_which_rows_are_being_added_stays(inside_acme: Organisation) -> None:
    parent = rows.ready(inside_acme)
    more = uploads.write_rows(inside_acme.tenant, [{"text": "hello", "label": "billing"}])
    datasets.add_rows(organisation=inside_acme, dataset=parent, upload=more, by="alice")
    with pytest.raises(Conflict, match="being added"):
        datasets.delete(organisation=inside_acme, dataset=parent, by="alice")


def test_children_of_different_parents_have_different_hashes(inside_acme: Organisation) -> None:
    children = []
    for parent in (rows.ready(inside_acme), rows.ready(inside_acme, rows.TABLE)):
        more = uploads.write_rows(inside_acme.tenant, [{"label": "big"}])
        children.append(datasets.add_rows(organisation=inside_acme, dataset=parent, upload=more, by="alice"))
    assert children[0].sha256 != children[1].sha256
    assert children[0].bytes > len(rows.MESSAGES)


def test_the_file_goes_once_it_is_read(inside_acme: Organisation) -> None:
    for text in (rows.MESSAGES, "text,label\n"):
        dataset = rows.ready(inside_acme, text)
        assert not datasets.file_of(inside_acme.tenant, dataset.id).exists()


def test_one_that_a_training_reads_stays(inside_acme: Organisation) -> None:
    dataset = rows.ready(inside_acme)
    training.start(organisation=inside_acme, dataset=dataset, model_name="support", by="alice")
    with pytest.raises(Conflict, match="Cancel"):
        datasets.delete(organisation=inside_acme, dataset=dataset, by="alice")


def test_of_many_data_sets_the_newest_can_be_chosen_and_one_that_is_named(
    inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "CHOICES", 2)
    oldest, _, newer, newest = (rows.ready(inside_acme) for _ in range(4))
    assert list(datasets.choices()) == [newest, newer]
    assert list(datasets.choices(including=oldest.id)) == [oldest, newest]
