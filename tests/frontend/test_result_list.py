import csv
import io
from datetime import date

import pytest
from django.utils import timezone

from classifier import results
from frontend.presenters.words import last_days
from tenants.models import Organisation, User
from tests.classifier.test_results import TUESDAY, answered
from tests.frontend.conftest import Inside, Studio, Visit


@pytest.fixture
def some(inside: Inside) -> None:
    """Two requests of today, and one of a Tuesday, of which inputs are kept."""
    with inside():
        results.record(
            [
                answered(1, "card", "invoice", keep_inputs=True),
                answered(2, "card", model="other"),
                answered(3, "card", at=TUESDAY),
            ]
        )


def shown(page: object) -> list[str]:
    return [answer.classification_id[-1] for answer in page.context["answers"]]  # type: ignore[attr-defined]  # the test client's


def test_the_newest_answers_are_listed_with_a_way_to_each(some: None, visit: Visit, bob: User) -> None:
    page = visit(bob, "result_list")
    assert shown(page)[0] in "12"
    assert shown(page)[-1] == "3"
    assert f"/classifications/cls_{3:020d}/" in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"day": "2026-03-03"}, ["3"]),
        ({"model": "other"}, ["2"]),
        ({"label": "invoice"}, ["1"]),
        ({"confidence_min": "0.55", "confidence_max": "1"}, ["1"]),
        ({"label": "nothing"}, []),
        ({"abstained": "yes"}, []),
        ({"abstained": "no", "model": "other"}, ["2"]),
    ],
)
def test_filters_narrow_the_list(some: None, visit: Visit, bob: User, query: dict[str, str], found: list[str]) -> None:
    assert shown(visit(bob, "result_list", **query)) == found


def test_an_abstention_is_shown_as_no_answer(inside: Inside, visit: Visit, bob: User) -> None:
    with inside():
        results.record([answered(4, None)])
    page = visit(bob, "result_list", abstained="yes")
    assert shown(page) == ["4"]
    assert "no answer" in page.text


@pytest.mark.parametrize(("name", "value"), [("day", "Tuesday"), ("confidence_min", "2"), ("label", "a\0")])
def test_a_filter_that_cannot_be_is_named(visit: Visit, bob: User, name: str, value: str) -> None:
    page = visit(bob, "result_list", **{name: value})
    assert list(page.context["form"].errors) == [name]
    assert shown(page) == []


def test_the_next_page_goes_on_after_the_last_answer(inside: Inside, visit: Visit, bob: User) -> None:
    with inside():
        results.record([answered(1, *(["card"] * 30))])
    first = visit(bob, "result_list")
    rest = visit(bob, "result_list", after=str(first.context["older"]))
    assert (len(shown(first)), len(shown(rest)), rest.context["older"]) == (25, 5, None)


def test_inputs_are_shown_where_they_are_kept(some: None, visit: Visit, bob: User, studio: Studio) -> None:
    assert "text 1" not in visit(bob, "result_list").text
    Organisation.objects.filter(pk=studio.organisation.pk).update(keep_inputs=True)
    assert "text 1" in visit(bob, "result_list").text


def test_the_list_comes_as_a_csv_too(some: None, visit: Visit, bob: User) -> None:
    page = visit(bob, "result_list", label="card", format="csv")
    assert page.headers["Content-Disposition"] == 'attachment; filename="answers.csv"'
    rows = list(csv.DictReader(io.StringIO(b"".join(page.streaming_content).decode())))
    assert sorted(row["id"][-1] for row in rows) == ["1", "2", "3"]
    assert {row["label"] for row in rows} == {"card"}


def test_an_empty_list_says_why(visit: Visit, bob: User, studio: Studio) -> None:
    assert "No answers yet" in visit(bob, "result_list", day="").text
    assert "No such answers" in visit(bob, "result_list", day="2026-03-03").text
    Organisation.objects.filter(pk=studio.organisation.pk).update(retention="off")
    assert "Answers are not kept" in visit(bob, "result_list").text


def test_a_day_of_the_week_is_one_click_away(visit: Visit, bob: User) -> None:
    days = last_days(date(2026, 11, 24))
    assert [day.name for day in days][:3] == ["Today", "Yesterday", "Sunday"]
    assert f"?day={timezone.now():%Y-%m-%d}" in visit(bob, "result_list").text


def test_a_request_is_found_by_its_id(some: None, visit: Visit, bob: User) -> None:
    assert shown(visit(bob, "result_list", id=f" cls_{3:020d} ")) == ["3"]
    assert "No such answers" in visit(bob, "result_list", id="cls_none").text
