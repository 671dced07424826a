from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from tenants import accounts, operators
from tenants.models import Organisation, User
from tenants.permissions import Role
from tests import universe
from tests.frontend.conftest import Studio


def test_a_stranger_is_told_what_this_is_and_how_to_begin(db: None) -> None:
    page = Client().get(reverse("home"))
    assert "Upload labelled rows" in page.text
    assert reverse("account_signup") in page.text


def test_somebody_without_an_organisation_is_asked_to_found_one(db: None, client_of: Callable[[User], Client]) -> None:
    newcomer = universe.person("newcomer")
    assert client_of(newcomer).get(reverse("home")).headers["Location"] == reverse("organisation_found")


def test_an_operator_without_an_organisation_is_led_to_the_desk(db: None, client_of: Callable[[User], Client]) -> None:
    olga = universe.person("olga")
    operators.create(email=olga.email, password="", by=operators.COMMAND_LINE)
    assert client_of(olga).get(reverse("home")).headers["Location"] == reverse("admin:index")


def test_who_has_one_organisation_is_led_to_it(
    client_of: Callable[[User], Client], carol: User, globex: Organisation
) -> None:
    answer = client_of(carol).get(reverse("home"))
    assert answer.headers["Location"] == reverse("organisation_home", args=[globex.slug])


def test_who_has_several_chooses(
    client_of: Callable[[User], Client], carol: User, globex: Organisation, studio: Studio
) -> None:
    accounts.add_member(organisation=studio.organisation, user=carol, role=Role.VIEWER)
    page = client_of(carol).get(reverse("home"), follow=True)
    assert page.redirect_chain == [(reverse("organisation_list"), 302)]
    assert [member.organisation.name for member in page.context["memberships"]] == ["Globex", "Studio"]
