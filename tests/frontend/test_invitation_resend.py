from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from tenants import accounts
from tenants.errors import NotFound
from tenants.models import Invitation, User
from tests.frontend.conftest import Studio, Visit, link_in_letter, told


@pytest.fixture
def invitation(studio: Studio, alice: User, carol: User, django_capture_on_commit_callbacks: Any) -> Invitation:
    with django_capture_on_commit_callbacks(execute=True):
        made = accounts.invite(organisation=studio.organisation, email=carol.email, role="viewer", by=alice)
    Invitation.objects.filter(pk=made.pk).update(expires_at=timezone.now() - timedelta(days=1))
    return made


def test_a_new_letter_opens_what_the_old_one_no_longer_does(
    invitation: Invitation, send: Visit, alice: User, carol: User, django_capture_on_commit_callbacks: Any
) -> None:
    old = link_in_letter()
    with django_capture_on_commit_callbacks(execute=True):
        page = send(alice, "invitation_resend", invitation.pk)
    assert "A new letter" in told(page)[0]
    assert mail.outbox[-1].to == [carol.email]
    with pytest.raises(NotFound):
        accounts.accept_invitation(token=old.strip("/").split("/")[-1], user=carol)
    new = link_in_letter().strip("/").split("/")[-1]
    assert accounts.accept_invitation(token=new, user=carol).role == "viewer"


def test_one_of_another_organisation_is_not_found(
    send: Visit, alice: User, carol: User, globex: Any, invitation: Invitation
) -> None:
    theirs = accounts.invite(organisation=globex, email="new@example.test", role="viewer", by=carol)
    assert send(alice, "invitation_resend", theirs.pk).status_code == 404
