from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from frontend import first_steps
from tenants import accounts
from tenants.models import Organisation, User
from tenants.permissions import Role
from tests import universe
from tests.frontend.conftest import Studio


def done(organisation: Organisation) -> list[str]:
    return [step.title for step in first_steps.steps(organisation) if step.is_done]


def test_the_steps_are_done_by_doing_them(db: None, studio: Studio) -> None:
    assert set(done(studio.organisation)) >= {"Bring your rows", "Train your own model"}
    assert "Call it from a program" not in done(studio.organisation)


def test_a_colleague_is_a_step(db: None, alice: User, bob: User, globex: Organisation) -> None:
    assert "Invite a colleague" not in done(globex)
    accounts.add_member(organisation=globex, user=bob, role=Role.MEMBER)
    assert "Invite a colleague" in done(globex)


def test_who_has_seen_enough_hides_them_for_themselves(
    client_of: Callable[[User], Client], carol: User, globex: Organisation
) -> None:
    home = reverse("organisation_home", args=[globex.slug])
    assert "First steps" in client_of(carol).get(home).text
    page = client_of(carol).post(reverse("first_steps_hide", args=[globex.slug]), follow=True)
    assert "First steps" not in page.text
    other = universe.person("other")
    accounts.add_member(organisation=globex, user=other, role=Role.ADMIN)
    assert "First steps" in client_of(other).get(home).text


def test_while_steps_are_open_the_list_keeps_itself_up_to_date(
    client_of: Callable[[User], Client], carol: User, globex: Organisation
) -> None:
    page = client_of(carol).get(reverse("organisation_home", args=[globex.slug]))
    assert 'hx-trigger="every 3s"' in page.text
