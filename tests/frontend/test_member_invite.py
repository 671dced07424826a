from typing import Any

from django.core import mail

from tenants.models import User
from tests.frontend.conftest import Studio, Visit, told


def test_the_invited_gets_a_letter_with_a_link(
    send: Visit, alice: User, studio: Studio, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        page = send(alice, "member_invite", email="New@example.test", role="member")
    assert told(page) == ["A letter with a link is on its way to new@example.test."]
    assert "/invitations/" in mail.outbox[-1].body
    assert [waiting.email for waiting in page.context["invitations"]] == ["new@example.test"]


def test_a_member_is_not_invited_again(send: Visit, alice: User, bob: User) -> None:
    page = send(alice, "member_invite", email=bob.email, role="viewer")
    assert "is a member already" in page.context["form"].non_field_errors()[0]
