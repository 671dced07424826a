import pytest

from classifier.models import EvaluatedRow
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit


def test_rows_come_in_the_order_of_the_file_page_by_page(visit: Visit, rita: User, studio: Studio) -> None:
    numbers: list[int] = []
    last: int | None = 0
    while last is not None:
        found = visit(rita, "dataset_rows", studio.dataset.id, after=str(last)).context["found"]
        numbers += [row.number for row in found.rows]
        last = found.last
    assert numbers == list(range(1, 61))  # Lines of JSON have no header.


def test_a_count_of_a_label_leads_to_its_rows(visit: Visit, rita: User, studio: Studio) -> None:
    found = visit(rita, "dataset_rows", studio.dataset.id, label="card").context["found"]
    assert {row.label for row in found.rows} == {"card"}
    assert found.last is not None


def test_words_are_looked_for_in_the_text(visit: Visit, rita: User, studio: Studio) -> None:
    found = visit(rita, "dataset_rows", studio.dataset.id, words="MY CARD", label="card").context["found"]
    assert len(found.rows) == 25
    found = visit(rita, "dataset_rows", studio.dataset.id, words="number 7").context["found"]
    assert [row.inputs["text"] for row in found.rows] == [
        f"my {word} is wrong, number 7" for word in ("card", "invoice")
    ]


def test_the_rows_of_a_finding_are_named_by_their_numbers(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "dataset_rows", studio.dataset.id, numbers="5,3,99")
    assert [row.number for row in page.context["found"].rows] == [3, 5]


def test_what_the_champion_took_the_rows_for_is_shown_with_them(
    visit: Visit, rita: User, studio: Studio, inside: Inside
) -> None:
    with inside():
        said = EvaluatedRow.objects.filter(version=studio.model.champion, predicted="card").order_by("number")
        numbers = [row.number for row in said]
    page = visit(rita, "dataset_rows", studio.dataset.id, predicted="card")
    assert [row.number for row in page.context["found"].rows] == numbers[:25]
    assert "letters, version 2" in page.text


@pytest.mark.parametrize(
    "query",
    [
        {"label": "ca\0rd?"},
        {"predicted": "\0"},
        {"words": "\0"},
        {"numbers": "x"},
        {"numbers": "2026-13"},
        {"numbers": "1e400"},
        {"after": "-1"},
    ],
)
def test_nonsense_in_the_address_is_left_out(visit: Visit, rita: User, studio: Studio, query: dict[str, str]) -> None:
    assert len(visit(rita, "dataset_rows", studio.dataset.id, **query).context["found"].rows) == 25


def test_nothing_found_is_said(visit: Visit, rita: User, studio: Studio) -> None:
    assert "No such rows" in visit(rita, "dataset_rows", studio.dataset.id, words="no such thing").text
