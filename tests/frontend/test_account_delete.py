from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tenants import accounts, operators
from tenants.models import Organisation, User
from tests import universe
from tests.frontend.conftest import told

ClientOf = Callable[[User], Client]


@pytest.fixture
def dave(db: None) -> User:
    """Somebody who is in no organisation."""
    return universe.person("dave")


def delete(client: Client, email: str) -> Any:
    return client.post(reverse("account_delete"), {"email": email}, follow=True)


def test_typing_the_address_deletes_the_account_and_signs_out(dave: User, client_of: ClientOf) -> None:
    client = client_of(dave)
    page = delete(client, dave.email)
    assert told(page) == ["Your account is deleted."]
    assert not User.objects.filter(email=dave.email).exists()
    assert client.get(reverse("organisation_list")).status_code == 302


def test_another_address_deletes_nothing(dave: User, client_of: ClientOf) -> None:
    page = delete(client_of(dave), "somebody@example.test")
    assert "Nothing was deleted" in page.context["form"].errors["email"][0]
    assert User.objects.filter(email=dave.email).exists()


def test_a_member_leaves_first(acme: Organisation, bob: User, client_of: ClientOf) -> None:
    page = delete(client_of(bob), bob.email)
    assert "Leave it" in page.context["form"].non_field_errors()[0]
    assert User.objects.filter(email=bob.email).exists()


def test_whose_organisation_is_being_deleted_may_go(globex: Organisation, carol: User, client_of: ClientOf) -> None:
    accounts.delete(organisation=globex, by=carol.email)
    delete(client_of(carol), carol.email)
    assert not User.objects.filter(email=carol.email).exists()


def test_an_operator_stays(dave: User, client_of: ClientOf) -> None:
    operators.create(email=dave.email, password="", by="root")
    page = delete(client_of(dave), dave.email)
    assert "operator" in page.context["form"].non_field_errors()[0]


def test_who_is_not_signed_in_is_asked_to(db: None) -> None:
    assert reverse("account_login") in Client().get(reverse("account_delete")).headers["Location"]
