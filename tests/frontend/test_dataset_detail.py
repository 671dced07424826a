from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, upload


def test_a_ready_data_set_shows_columns_and_labels(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "dataset_detail", studio.dataset.id)
    assert [(count.label, count.rows, count.share) for count in page.context["labels"]] == [
        ("card", 30, 0.5),
        ("invoice", 30, 0.5),
    ]
    assert "text, label in “label”" in page.text
    assert "http-equiv" not in page.text


def test_a_rejected_one_says_what_is_wrong_in_which_row(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "dataset_detail", studio.rejected.id)
    assert "Why it was rejected" in page.text
    assert studio.rejected.problems[0]["detail"].split("'")[0] in page.text


def test_the_page_renews_itself_while_the_file_is_read(
    visit: Visit, rita: User, studio: Studio, inside: Inside
) -> None:
    with inside():
        waiting = upload(studio.organisation, [{"text": "a", "label": "b"}], "Waiting")
    page = visit(rita, "dataset_detail", waiting.id)
    assert '<meta http-equiv="refresh"' in page.text
    assert 'id="live"' in page.text
