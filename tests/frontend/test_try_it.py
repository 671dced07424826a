from frontend.forms.inputs import input_form
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, told, train

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
