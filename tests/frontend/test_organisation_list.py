from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from tenants import accounts
from tenants.models import Organisation, User


def test_a_suspended_organisation_is_not_offered(
    client_of: Callable[[User], Client], carol: User, globex: Organisation
) -> None:
    accounts.suspend(organisation=globex)
    page = client_of(carol).get(reverse("organisation_list"))
    assert page.context["memberships"] == []
    assert "You are in no organisation" in page.text
