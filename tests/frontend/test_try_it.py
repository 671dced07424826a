from collections.abc import Callable

import pytest
from django.test import Client

from classifier.models import Row
from frontend.forms.inputs import input_form
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, address, told, train

TABLE = {
    "kind": "table",
    "features": [
        {"name": "age", "type": "number", "missing": 0, "distinct": 9, "examples": ["39"]},
        {"name": "member", "type": "boolean", "missing": 0, "distinct": 2, "examples": ["yes", "no"]},
    ],
}


def test_a_text_is_handed_to_the_worker(send: Visit, bob: User, studio: Studio) -> None:
    page = send(bob, "try_it", "letters", text="my card is gone")
    asked = page.context["classification"]
    assert (asked.model, asked.version, asked.inputs) == ("letters", 2, ["my card is gone"])
    assert 'id="live"' in page.text


def test_a_shared_model_is_tried_like_ones_own(send: Visit, bob: User) -> None:
    page = send(bob, "try_it", "assort.support", text="my card was charged twice")
    asked = page.context["classification"]
    assert (asked.model, asked.version) == ("assort.support", 1)


def test_a_shared_model_that_is_none_is_not_found(send: Visit, bob: User) -> None:
    assert send(bob, "try_it", "assort.none").status_code == 404


def test_an_empty_text_is_refused_at_its_field(send: Visit, bob: User, studio: Studio) -> None:
    assert "required" in send(bob, "try_it", "letters", text="").context["form"].errors["text"][0]


def test_a_model_without_a_version_cannot_be_tried(send: Visit, bob: User, studio: Studio, inside: Inside) -> None:
    with inside():
        train(studio.organisation, studio.dataset, "young")
    assert "has no version yet" in told(send(bob, "try_it", "young"))[0]


def test_a_table_model_has_a_field_a_column_any_of_which_may_stay_empty() -> None:
    form = input_form(TABLE, {"column_0": "41"})
    assert form.is_valid()
    assert form.value() == {"age": "41", "member": ""}
    assert [choice for choice, _ in form["column_1"].field.choices] == ["", "yes", "no"]  # type: ignore[attr-defined]  # a choice


def test_a_row_that_the_address_names_is_filled_in_and_asked_at_once(visit: Visit, bob: User, studio: Studio) -> None:
    page = visit(bob, "try_it", "letters", dataset=studio.dataset.id, row="1")
    assert page.context["form"].initial["text"] == "my card is wrong, number 0"
    assert 'hx-trigger="submit, load"' in page.text


@pytest.mark.parametrize("row", ["999", "x", "", "9" * 30])
def test_a_row_that_is_not_there_is_no_fault(row: str, visit: Visit, bob: User, studio: Studio) -> None:
    page = visit(bob, "try_it", "letters", dataset=studio.dataset.id, row=row)
    assert page.context["form"].initial["text"] is None


def test_asked_in_place_the_answer_comes_into_the_page(
    client_of: Callable[[User], Client], bob: User, studio: Studio
) -> None:
    client = client_of(bob)
    page = client.post(address(studio, "try_it", "letters"), {"text": "my card"}, headers={"HX-Request": "true"})
    assert page.status_code == 200
    assert address(studio, "classification_detail", page.context["classification"].id) in page.text
    assert '"inputs": ["my card"]' in page.context["snippets"][0].text


def test_a_row_of_other_columns_is_not_asked(visit: Visit, bob: User, studio: Studio, inside: Inside) -> None:
    with inside():
        Row.objects.filter(dataset=studio.dataset, number=1).update(inputs={"age": "39"})
    page = visit(bob, "try_it", "letters", dataset=studio.dataset.id, row="1")
    assert "submit, load" not in page.text


def test_a_name_with_a_nul_is_no_model(client_of: Callable[[User], Client], bob: User, studio: Studio) -> None:
    answer = client_of(bob).get(address(studio, "try_it", "letters").replace("letters", "letters%00"))
    assert answer.status_code == 404
