import re
from typing import Any

from classifier import datasets, uploads
from classifier.models import Dataset
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, train, upload


def test_a_ready_data_set_shows_columns_and_labels(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "dataset_detail", studio.dataset.id)
    assert [(count.label, count.rows, count.share) for count in page.context["balance"].most] == [
        ("card", 30, 0.5),
        ("invoice", 30, 0.5),
    ]
    assert "text, label in “label”" in page.text
    assert "http-equiv" not in page.text


def test_each_label_leads_to_its_rows(visit: Visit, rita: User, studio: Studio) -> None:
    assert f"/datasets/{studio.dataset.id}/rows/?label=card" in visit(rita, "dataset_detail", studio.dataset.id).text


def test_of_many_labels_the_ends_are_shown_and_the_address_has_all(
    visit: Visit, rita: User, studio: Studio, inside: Inside
) -> None:
    with inside():
        Dataset.objects.filter(id=studio.dataset.id).update(labels={f"label {n}": 1000 - n for n in range(77)})
    page = visit(rita, "dataset_detail", studio.dataset.id)
    balance = page.context["balance"]
    assert (balance.most[0].label, balance.fewest[-1].label, balance.between) == ("label 0", "label 76", 65)
    assert "label 30" not in page.text
    assert "label 30" in visit(rita, "dataset_detail", studio.dataset.id, labels="all").text


def test_one_click_trains_under_the_name_of_the_model_that_learnt_from_these_rows(
    send: Visit, visit: Visit, bob: User, studio: Studio
) -> None:
    text = visit(bob, "dataset_detail", studio.dataset.id).text
    form = text[text.index('name="dataset"') : text.index("Train a model")]
    job = send(bob, "training_start", **dict(re.findall(r'name="(\w+)" value="([^"]+)"', form))).context["job"]
    assert (job.dataset, job.model.name, job.options) == (studio.dataset, "letters", {"quality": "auto"})


def test_a_viewer_is_offered_no_change(visit: Visit, rita: User, studio: Studio) -> None:
    text = visit(rita, "dataset_detail", studio.dataset.id).text
    assert "Train a model</button>" not in text
    assert "Add rows" not in text
    assert "Delete the data set" not in text


def test_what_was_trained_on_the_rows_is_listed(visit: Visit, rita: User, studio: Studio, inside: Inside) -> None:
    with inside():
        running = train(studio.organisation, studio.dataset, "second")
    page = visit(rita, "dataset_detail", studio.dataset.id)
    assert [job.model.name for job in page.context["jobs"]] == ["second", "letters", "letters"]
    assert f"/trainings/{running.id}/" in page.text
    assert "/models/letters/versions/2/" in page.text


def test_the_versions_of_the_data_set_are_listed(visit: Visit, rita: User, studio: Studio, inside: Inside) -> None:
    assert "Versions of this data set" not in visit(rita, "dataset_detail", studio.dataset.id).text
    with inside():
        more = uploads.write_rows(studio.organisation.tenant, [{"text": "one more", "label": "card"}])
        child = datasets.add_rows(organisation=studio.organisation, dataset=studio.dataset, upload=more, by="alice")
    for each in (studio.dataset, child):
        page = visit(rita, "dataset_detail", each.id)
        assert list(page.context["versions"]) == [child, studio.dataset]


def test_a_finding_leads_to_the_rows_that_it_names(visit: Visit, rita: User, studio: Studio, inside: Inside) -> None:
    found: dict[str, Any] = {"severity": "info", "code": "duplicate_rows", "detail": "These repeat.", "rows": [3, 5]}
    lost: dict[str, Any] = {"severity": "warning", "code": "empty_rows", "detail": "These are empty.", "rows": [9]}
    with inside():
        report = {"findings": [{**found, "count": 2}, {**lost, "count": 1}]}
        Dataset.objects.filter(id=studio.dataset.id).update(report=report)
    page = visit(rita, "dataset_detail", studio.dataset.id)
    assert [finding.severity for finding in page.context["findings"]] == ["warning", "info"]
    assert f"/datasets/{studio.dataset.id}/rows/?numbers=3%2C5" in page.text
    assert "numbers=9" not in page.text


def test_a_rejected_one_says_what_is_wrong_in_which_row(visit: Visit, alice: User, studio: Studio) -> None:
    page = visit(alice, "dataset_detail", studio.rejected.id)
    assert "Why it was rejected" in page.text
    assert studio.rejected.problems[0]["detail"].split("'")[0] in page.text
    assert "Upload again" in page.text


def test_the_page_renews_itself_while_the_file_is_read(
    visit: Visit, rita: User, studio: Studio, inside: Inside
) -> None:
    with inside():
        waiting = upload(studio.organisation, [{"text": "a", "label": "b"}], "Waiting")
    page = visit(rita, "dataset_detail", waiting.id)
    assert '<meta http-equiv="refresh"' in page.text
    assert 'id="live"' in page.text
