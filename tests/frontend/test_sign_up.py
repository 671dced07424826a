from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from tenants import accounts, ids
from tenants.models import Invitation, Membership, Organisation, User
from tenants.permissions import Role
from tests.frontend.conftest import link_in_letter

PASSWORD = "correct-horse-battery"
Invite = Callable[[str], tuple[Client, Invitation]]


def form(**changes: str) -> dict[str, str]:
    unique = ids.random_text(8)
    return {
        "email": f"dora-{unique}@example.test",
        "password1": PASSWORD,
        "organisation": "Dora & Co",
        "slug": f"dora-{unique}",
        **changes,
    }


def sign_up(fields: dict[str, str], client: Client | None = None) -> Any:
    return (client or Client()).post(reverse("account_signup"), fields, follow=True)


@pytest.fixture
def invited(acme: Organisation, alice: User, django_capture_on_commit_callbacks: Any) -> Invite:
    """Invites an address; what comes back is the browser in which the letter's link was opened, and the invitation."""

    def invite(email: str) -> tuple[Client, Invitation]:
        with django_capture_on_commit_callbacks(execute=True):
            invitation = accounts.invite(organisation=acme, email=email, role=Role.MEMBER, by=alice)
        client = Client()
        client.get(link_in_letter())
        return client, invitation

    return invite


def test_signing_up_makes_the_account_and_its_organisation(committed: None) -> None:
    fields = form()
    page = sign_up(fields)
    assert page.redirect_chain[-1] == (reverse("organisation_home", args=[fields["slug"]]), 302)
    membership = Membership.objects.select_related("organisation").get(user__email=fields["email"])
    assert (membership.role, membership.organisation.name) == (Role.OWNER, "Dora & Co")


def test_the_address_follows_from_the_name(committed: None) -> None:
    name = f"Dora {ids.random_text(8)}"
    sign_up(form(organisation=name, slug=""))
    assert Organisation.objects.get(name=name).slug == name.lower().replace(" ", "-")


@pytest.mark.parametrize(
    ("changes", "field", "word"),
    [
        ({"slug": "api"}, "slug", "reserved"),
        ({"slug": "Dora"}, "slug", "a-z"),
        ({"organisation": "D\N{CYRILLIC SMALL LETTER O}ra"}, "organisation", "alphabets"),
        ({"organisation": ""}, "organisation", "required"),
        ({"password1": "short"}, "password1", "10 characters"),
    ],
)
def test_a_refusal_stands_at_its_field_and_leaves_no_account(
    db: None, changes: dict[str, str], field: str, word: str
) -> None:
    fields = form(**changes)
    assert word in sign_up(fields).context["form"].errors[field][0]
    assert not User.objects.filter(email=fields["email"]).exists()


def test_an_organisation_that_cannot_be_set_up_leaves_no_account(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # The transaction around this test hides the request from the provisioner, which so never answers.
    monkeypatch.setattr(accounts, "PROVISIONING_SECONDS", 0.1)
    fields = form()
    assert "try again" in sign_up(fields).context["form"].non_field_errors()[0]
    assert not User.objects.filter(email=fields["email"]).exists()
    assert not Organisation.objects.filter(slug=fields["slug"]).exists()


def test_an_address_that_has_an_account_founds_nothing(db: None, alice: User) -> None:
    fields = form(email=alice.email)
    assert "already registered" in sign_up(fields).context["form"].errors["email"][0]
    assert not Organisation.objects.filter(slug=fields["slug"]).exists()


def test_the_letter_has_the_public_address(committed: None, settings: Any) -> None:
    settings.ASSORT_PUBLIC_URL = "https://assort.example"
    sign_up(form())
    assert "https://assort.example/accounts/confirm-email/" in mail.outbox[-1].body


def test_who_is_invited_joins_and_founds_nothing(acme: Organisation, invited: Invite) -> None:
    fields = form()
    client, _ = invited(fields["email"])
    sign_up({"email": fields["email"], "password1": PASSWORD}, client)
    assert [each.organisation for each in Membership.objects.filter(user__email=fields["email"])] == [acme]
    assert not Invitation.objects.filter(email=fields["email"], accepted_at=None).exists()


def test_an_invitation_of_somebody_else_makes_no_account(db: None) -> None:
    client, fields = Client(), form()
    client.get(reverse("invitation_accept", args=["stale"]))
    page = sign_up({"email": fields["email"], "password1": PASSWORD}, client)
    assert "Ask for a new one" in page.context["form"].non_field_errors()[0]
    assert not User.objects.filter(email=fields["email"]).exists()


# --- Where not everybody may -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "words"), [("invite", "You need an invitation"), ("closed", "Ask for an account")])
def test_a_stranger_is_told_kindly_and_makes_no_account(db: None, settings: Any, rule: str, words: str) -> None:
    settings.ASSORT_SIGN_UP = rule
    fields = form()
    assert words in Client().get(reverse("account_signup")).text
    assert words in sign_up(fields).text
    assert not User.objects.filter(email=fields["email"]).exists()


@pytest.mark.parametrize("rule", ["invite", "closed"])
def test_no_page_offers_what_its_reader_may_not(db: None, settings: Any, rule: str) -> None:
    settings.ASSORT_SIGN_UP = rule
    assert reverse("account_signup") not in Client().get(reverse("home")).text


@pytest.mark.parametrize(("rule", "joins"), [("invite", True), ("closed", False)])
def test_an_invitation_opens_what_is_for_the_invited(invited: Invite, settings: Any, rule: str, joins: bool) -> None:
    settings.ASSORT_SIGN_UP = rule
    fields = form()
    client, _ = invited(fields["email"])
    assert ("Make an account" in client.get(link_in_letter()).text) is joins
    sign_up({"email": fields["email"], "password1": PASSWORD}, client)
    assert User.objects.filter(email=fields["email"]).exists() is joins


def test_an_invitation_that_is_over_opens_nothing(invited: Invite, alice: User, settings: Any) -> None:
    settings.ASSORT_SIGN_UP = "invite"
    fields = form()
    client, invitation = invited(fields["email"])
    accounts.withdraw(invitation=invitation, by=alice.email)
    assert "You need an invitation" in sign_up({"email": fields["email"], "password1": PASSWORD}, client).text


def test_an_invitation_is_for_its_address_alone(invited: Invite, settings: Any) -> None:
    settings.ASSORT_SIGN_UP = "invite"
    fields = form()
    client, _ = invited("dora@example.test")
    sign_up({"email": fields["email"], "password1": PASSWORD}, client)
    assert not User.objects.filter(email=fields["email"]).exists()
