from tenants.models import Organisation, User
from tests.frontend.conftest import Studio, Visit, told


def test_name_and_retention_are_kept(send: Visit, alice: User, studio: Studio) -> None:
    page = send(alice, "settings", name="Atelier", retention="30d")
    assert told(page) == ["Saved."]
    changed = Organisation.objects.get(pk=studio.organisation.pk)
    assert (changed.name, changed.retention) == ("Atelier", "30d")


def test_inputs_are_kept_when_the_box_is_ticked(send: Visit, alice: User, studio: Studio) -> None:
    for wanted in ({"keep_inputs": "on"}, {}):
        send(alice, "settings", name="Studio", retention="24h", **wanted)
        assert Organisation.objects.get(pk=studio.organisation.pk).keep_inputs is bool(wanted)


def test_a_name_that_could_deceive_is_refused_at_its_field(send: Visit, alice: User) -> None:
    page = send(alice, "settings", name="Atelie\N{CYRILLIC SMALL LETTER ER}", retention="30d")
    assert "alphabets" in page.context["form"].errors["name"][0]


def test_the_plan_is_shown_in_words(visit: Visit, alice: User) -> None:
    limits = {limit.name: limit.value for limit in visit(alice, "settings").context["limits"]}
    assert limits["Rows of a data set"] == "1,000,000"
    assert limits["Longest training"] == "1 h"
    assert limits["Rows classified in a month"] == "no limit"


def test_the_two_names_on_the_page_have_labels_of_their_own(visit: Visit, alice: User) -> None:
    text = visit(alice, "settings").text
    assert text.count('id="id_name"') == text.count('for="id_name"') == 1
    assert text.count('id="deletion_name"') == text.count('for="deletion_name"') == 1
