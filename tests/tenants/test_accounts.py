import pytest
from django.core import mail

from tenants import accounts, isolation
from tenants.errors import Conflict, InvalidInput, NotFound, Unavailable
from tenants.models import Membership, Organisation, Plan, Provisioning, User
from tenants.permissions import Role
from tests import universe


def membership(organisation: Organisation, user: User) -> Membership:
    return Membership.objects.get(organisation=organisation, user=user)


def test_founding_makes_schema_roles_and_folder(committed: None) -> None:
    made, _ = universe.organisation("Initech", universe.person("peter"))
    assert made.is_active
    assert isolation.directory(made.tenant).is_dir()
    with isolation.entered(made):
        assert isolation.current_schema() == f"t_{made.tenant}"


def test_the_founder_is_the_owner(committed: None) -> None:
    peter = universe.person("peter")
    made, _ = universe.organisation("Initech", peter)
    assert membership(made, peter).role == Role.OWNER


def test_a_taken_address_is_a_conflict(acme: Organisation, carol: User) -> None:
    with pytest.raises(Conflict, match="taken"):
        accounts.found(name="Acme", slug=acme.slug, owner=carol)


def test_an_unknown_plan_is_refused(db: None, carol: User) -> None:
    with pytest.raises(InvalidInput, match="no plan"):
        accounts.found(name="Hooli", owner=carol, plan="golden")


def test_founding_without_a_provisioner_leaves_nothing_behind(
    db: None, carol: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The request is not committed in this test, so no provisioner ever sees it.
    monkeypatch.setattr(accounts, "PROVISIONING_SECONDS", 0.1)
    with pytest.raises(Unavailable, match="Nothing was made"):
        accounts.found(name="Hooli", slug="hooli-in-vain", owner=carol)
    assert not Organisation.objects.filter(slug="hooli-in-vain").exists()
    assert not Provisioning.objects.filter(organisation__slug="hooli-in-vain").exists()


def test_an_address_registers_once(alice: User) -> None:
    with pytest.raises(Conflict, match="account already"):
        accounts.register(email=alice.email.upper(), password="another-long-password")


def test_the_last_owner_stays(acme: Organisation, alice: User) -> None:
    with pytest.raises(Conflict, match="at least one owner"):
        accounts.remove_member(membership=membership(acme, alice), by=alice.email)
    with pytest.raises(Conflict, match="at least one owner"):
        accounts.change_role(membership=membership(acme, alice), role=Role.VIEWER, by=alice.email)


def test_an_admin_makes_changes_and_removes_no_owner(acme: Organisation, alice: User, bob: User) -> None:
    accounts.change_role(membership=membership(acme, bob), role=Role.ADMIN, by=alice.email)
    for attempt in (
        lambda: accounts.change_role(membership=membership(acme, bob), role=Role.OWNER, by=bob.email),
        lambda: accounts.change_role(membership=membership(acme, alice), role=Role.VIEWER, by=bob.email),
        lambda: accounts.remove_member(membership=membership(acme, alice), by=bob.email),
        lambda: accounts.invite(organisation=acme, email="x@example.test", role=Role.OWNER, by=bob),
    ):
        with pytest.raises(Conflict, match="Only an owner"):
            attempt()


def test_an_owner_may_go_when_another_is_there(acme: Organisation, alice: User, bob: User) -> None:
    accounts.change_role(membership=membership(acme, bob), role=Role.OWNER, by=alice.email)
    accounts.remove_member(membership=membership(acme, alice), by=bob.email)
    assert not acme.memberships.filter(user=alice).exists()


def test_an_invitation_is_a_letter_with_a_link(
    acme: Organisation, alice: User, django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # pytest-django's
        accounts.invite(organisation=acme, email="New@Example.test", role=Role.MEMBER, by=alice)
    assert mail.outbox[0].to == ["new@example.test"]
    assert "/invitations/" in mail.outbox[0].body


def token_of_letter() -> str:
    return mail.outbox[-1].body.split("/invitations/")[1].split()[0].strip("/")


def invite(organisation: Organisation, email: str, by: User, capture: object) -> str:
    with capture(execute=True):  # type: ignore[operator]  # pytest-django's
        accounts.invite(organisation=organisation, email=email, role=Role.MEMBER, by=by)
    return token_of_letter()


def test_an_invitation_is_accepted_once_and_by_its_reader(
    acme: Organisation, alice: User, carol: User, django_capture_on_commit_callbacks: object
) -> None:
    token = invite(acme, carol.email, alice, django_capture_on_commit_callbacks)
    assert accounts.accept_invitation(token=token, user=carol).role == Role.MEMBER
    with pytest.raises(NotFound):
        accounts.accept_invitation(token=token, user=carol)


def test_an_invitation_is_not_for_whoever_finds_it(
    acme: Organisation, alice: User, carol: User, django_capture_on_commit_callbacks: object
) -> None:
    token = invite(acme, "somebody-else@example.test", alice, django_capture_on_commit_callbacks)
    with pytest.raises(NotFound):
        accounts.accept_invitation(token=token, user=carol)


def test_a_role_that_is_none_is_refused(acme: Organisation, alice: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        accounts.invite(organisation=acme, email="new@example.test", role="emperor", by=alice)
    assert [error.pointer for error in refused.value.errors] == ["/role"]


def test_suspending_twice_is_a_conflict(acme: Organisation) -> None:
    accounts.suspend(organisation=acme)
    with pytest.raises(Conflict, match="only one that is active"):
        accounts.suspend(organisation=Organisation.objects.get(pk=acme.pk))


def test_every_plan_says_how_large_a_file_may_be(db: None) -> None:
    assert {plan.name for plan in Plan.objects.all()} >= {"standard", "unmetered"}
    assert Plan.objects.get(name="standard").dataset_bytes == 200 * 1024 * 1024
