import pytest
from django.db import DatabaseError, transaction

from tenants import accounts, audit, isolation, keys
from tenants.errors import Conflict
from tenants.models import Organisation, User
from tenants.records.models import AuditEvent


def events(organisation: Organisation) -> list[tuple[str, str, str]]:
    with isolation.entered(organisation):
        return list(AuditEvent.objects.order_by("id").values_list("actor", "action", "target"))


def test_a_key_is_written_down_when_it_comes_and_once_when_it_goes(acme: Organisation) -> None:
    before = len(events(acme))
    row, _ = keys.issue(organisation=acme, name="app", scopes=["read"], by="alice")
    for _ in range(2):
        keys.revoke(organisation=acme, key_id=row.id, by="bob")
    assert events(acme)[before:] == [("alice", "key.issued", row.id), ("bob", "key.revoked", row.id)]


def test_members_are_written_down(acme: Organisation, alice: User, bob: User, rita: User) -> None:
    before = len(events(acme))
    members = acme.memberships
    invitation = accounts.invite(organisation=acme, email="new@example.test", role="viewer", by=alice)
    accounts.withdraw(invitation=invitation, by=alice.email)
    accounts.change_role(membership=members.get(user=bob), role="admin", by=alice.email)
    accounts.remove_member(membership=members.get(user=rita), by=bob.email)
    accounts.remove_member(membership=members.get(user=bob), by=bob.email)
    assert [action for _, action, _ in events(acme)[before:]] == [
        *("member.invited", "invitation.withdrawn", "member.role", "member.removed", "member.left")
    ]


def test_settings_are_written_down_with_what_was_given(acme: Organisation) -> None:
    accounts.change(organisation=acme, retention="30d", by="key_1")
    with isolation.entered(acme):
        newest = AuditEvent.objects.latest("id")
    assert (newest.actor, newest.action, newest.detail) == ("key_1", "settings.changed", {"retention": "30d"})


def test_what_did_not_happen_is_not_written_down(acme: Organisation, alice: User) -> None:
    before = events(acme)
    with pytest.raises(Conflict):
        accounts.remove_member(membership=acme.memberships.get(user=alice), by=alice.email)
    assert events(acme) == before


def test_nobody_else_sees_it(acme: Organisation, globex: Organisation) -> None:
    before = events(globex)
    audit.record(organisation=acme, by="alice", action="key.issued")
    assert events(globex) == before


def test_it_can_be_written_by_who_is_inside_already(inside_acme: Organisation) -> None:
    audit.record(organisation=inside_acme, by="alice", action="model.promoted", target="support@1")
    assert AuditEvent.objects.latest("id").target == "support@1"


def test_the_organisations_own_role_cannot_take_it_back(inside_acme: Organisation) -> None:
    audit.record(by="alice", action="model.deleted")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        AuditEvent.objects.filter(action="model.deleted").delete()
