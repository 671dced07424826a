from django.urls import reverse

from tenants import accounts
from tenants.models import User
from tests.frontend.conftest import Studio, Visit, told


def test_who_is_removed_sees_nothing_any_more(
    send: Visit, visit: Visit, alice: User, bob: User, studio: Studio
) -> None:
    page = send(alice, "member_remove", studio.organisation.memberships.get(user=bob).pk)
    assert "no longer in Studio" in told(page)[0]
    assert visit(bob, "organisation_home").status_code == 404


def test_the_last_owner_cannot_be_removed(send: Visit, alice: User, studio: Studio) -> None:
    page = send(alice, "member_remove", studio.organisation.memberships.get(user=alice).pk)
    assert "keeps at least one owner" in told(page)[0]


def test_an_owner_who_leaves_is_led_out(send: Visit, alice: User, bob: User, studio: Studio) -> None:
    members = studio.organisation.memberships
    accounts.change_role(membership=members.get(user=bob), role="owner", by=alice.email)
    page = send(alice, "member_remove", members.get(user=alice).pk)
    assert page.redirect_chain[0] == (reverse("home"), 302)
