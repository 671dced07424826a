from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from tenants import ids
from tenants.models import Organisation, User
from tests import universe


def test_founding_leads_into_the_new_organisation(committed: None, client_of: Callable[[User], Client]) -> None:
    slug = f"founded-{ids.random_text(6)}"
    client = client_of(universe.person("founder"))
    page = client.post(reverse("organisation_found"), {"name": "Founded", "slug": slug}, follow=True)
    assert page.redirect_chain == [(reverse("organisation_home", args=[slug]), 302)]
    assert Organisation.objects.get(slug=slug).is_active


def test_a_reserved_address_is_refused_at_its_field(db: None, client_of: Callable[[User], Client], carol: User) -> None:
    page = client_of(carol).post(reverse("organisation_found"), {"name": "Fine", "slug": "admin"})
    assert "reserved" in page.context["form"].errors["slug"][0]


def test_a_name_of_mixed_alphabets_is_refused_at_its_field(
    db: None, client_of: Callable[[User], Client], carol: User
) -> None:
    page = client_of(carol).post(
        reverse("organisation_found"), {"name": "Ac\N{CYRILLIC SMALL LETTER EM}e", "slug": "fine"}
    )
    assert "alphabets" in page.context["form"].errors["name"][0]


def test_an_address_that_is_taken_is_refused(
    client_of: Callable[[User], Client], carol: User, acme: Organisation
) -> None:
    page = client_of(carol).post(reverse("organisation_found"), {"name": "Fine", "slug": acme.slug})
    assert "is taken" in page.context["form"].errors["slug"][0]
