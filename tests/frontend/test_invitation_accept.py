from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tenants import accounts
from tenants.models import Membership, Organisation, User
from tests.frontend.conftest import link_in_letter, told


@pytest.fixture
def link(acme: Organisation, alice: User, carol: User, django_capture_on_commit_callbacks: Any) -> str:
    """The address in a letter that invites Carol to Acme."""
    with django_capture_on_commit_callbacks(execute=True):
        accounts.invite(organisation=acme, email=carol.email, role="viewer", by=alice)
    return link_in_letter()


def test_the_invited_joins_with_the_role_of_the_letter(
    link: str, client_of: Callable[[User], Client], carol: User, acme: Organisation
) -> None:
    page = client_of(carol).post(link, follow=True)
    assert page.redirect_chain[-1] == (reverse("organisation_home", args=[acme.slug]), 302)
    assert Membership.objects.get(user=carol, organisation=acme).role == "viewer"


def test_opening_the_link_asks_first(
    link: str, client_of: Callable[[User], Client], carol: User, acme: Organisation
) -> None:
    assert "Join" in client_of(carol).get(link, follow=True).text
    assert not Membership.objects.filter(user=carol, organisation=acme).exists()


def test_somebody_else_cannot_use_it(
    link: str, client_of: Callable[[User], Client], rita: User, acme: Organisation
) -> None:
    page = client_of(rita).post(link, follow=True)
    assert "was not sent to" in told(page)[0]


def test_who_is_not_signed_in_comes_back_after_signing_in(link: str) -> None:
    assert f"{reverse('account_login')}?next={link}" in Client().get(link, follow=True).text
