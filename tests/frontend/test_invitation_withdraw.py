from typing import Any

import pytest

from tenants import accounts
from tenants.models import Invitation, User
from tests.frontend.conftest import Studio, Visit, told


@pytest.fixture
def invitation(studio: Studio, alice: User) -> Invitation:
    return accounts.invite(organisation=studio.organisation, email="new@example.test", role="viewer", by=alice)


def test_what_is_withdrawn_is_no_longer_listed(invitation: Invitation, send: Visit, visit: Visit, alice: User) -> None:
    assert list(visit(alice, "team").context["invitations"]) == [invitation]
    page = send(alice, "invitation_withdraw", invitation.pk)
    assert "is withdrawn" in told(page)[0]
    assert list(page.context["invitations"]) == []


def test_one_of_another_organisation_is_not_found(send: Visit, alice: User, carol: User, globex: Any) -> None:
    theirs = accounts.invite(organisation=globex, email="new@example.test", role="viewer", by=carol)
    assert send(alice, "invitation_withdraw", theirs.pk).status_code == 404
    assert Invitation.objects.filter(pk=theirs.pk).exists()
