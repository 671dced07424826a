"""Organisations and the people in them: founding, members, roles, leaving."""

import hashlib
import secrets
import time
from datetime import timedelta
from types import EllipsisType
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tenants import audit, emails, ids, isolation, names
from tenants.errors import Conflict, FieldError, InvalidInput, NotFound, Unavailable
from tenants.models import Invitation, Membership, Organisation, Plan, Provisioning, User
from tenants.permissions import Role

PROVISIONING_SECONDS = 10
INVITATION_DAYS = 7
DEFAULT_PLAN = "standard"


def may_sign_up(*, invitation: str) -> bool:
    """Say whether a stranger may make an account: one who came with this token of an invitation, or with `""`.

    Where sign-up is closed only operators make accounts, and an invitation is for those who have one.
    """
    if settings.ASSORT_SIGN_UP == "invite":
        found = Invitation.objects.select_related("organisation").filter(token_sha256=_hash(invitation)).first()
        return found is not None and found.is_open and found.organisation.is_active
    return bool(settings.ASSORT_SIGN_UP == "open")


def register(*, email: str, password: str, name: str = "") -> User:
    """Make an account. Raises Conflict when the address has one."""
    try:
        with transaction.atomic():
            return User.objects.create_user(email=email, password=password, name=name)
    except IntegrityError:
        raise Conflict(f"{email} has an account already. Sign in with it.") from None


def unregister(*, user: User) -> None:
    """Take back an account that could not get its organisation."""
    user.delete()


@transaction.atomic
def close(*, user: User) -> None:
    """Destroy an account. Raises Conflict for one that is in an organisation, or an operator's."""
    if user.is_staff:
        raise Conflict("This is an operator's account. Another operator can deactivate it.")
    # A membership goes with its organisation, which is destroyed in its own time.
    if user.memberships.exclude(organisation__status=Organisation.Status.DELETING).exists():
        raise Conflict("You are in an organisation. Leave it, or delete it on its settings page, then come back.")
    user.delete()


def found(*, name: str, owner: User, slug: str = "", plan: str = DEFAULT_PLAN) -> Organisation:
    """Make an organisation with everything that is its own, or leave nothing behind.

    Raises InvalidInput for a name or address that cannot be, Conflict for an address that is taken, Unavailable when
    the provisioner does not answer.
    """
    organisation = _request(name=name, owner=owner, slug=slug, plan=plan)
    deadline = time.monotonic() + PROVISIONING_SECONDS
    while time.monotonic() < deadline:
        status = Organisation.objects.filter(pk=organisation.pk).values_list("status", flat=True).first()
        if status == Organisation.Status.ACTIVE:
            return _get(organisation.pk)
        if status is None:  # The provisioner failed and has cleared up.
            break
        time.sleep(0.02)
    if _withdraw(organisation):
        raise Unavailable("The organisation could not be set up. Nothing was made; try again.", retry_after=5)
    return _get(organisation.pk)


def _get(tenant: str) -> Organisation:
    found: Organisation = Organisation.objects.select_related("plan").get(pk=tenant)
    return found


@transaction.atomic
def _withdraw(organisation: Organisation) -> bool:
    """Take the request back, and say whether that was possible."""
    # This waits for a provisioner that has just begun with it; what it made is then there to stay.
    list(organisation.provisionings.select_for_update())
    waiting = Organisation.objects.filter(pk=organisation.pk, status=Organisation.Status.REQUESTED)
    deleted, _ = waiting.delete()
    return deleted > 0 or not Organisation.objects.filter(pk=organisation.pk).exists()


@transaction.atomic
def _request(*, name: str, owner: User, slug: str, plan: str) -> Organisation:
    name = names.check_name(name)
    slug = names.check_slug(slug or names.suggest_slug(name))
    terms = Plan.objects.filter(name=plan).first()
    if terms is None:
        raise InvalidInput.field("plan", f"There is no plan {plan!r}.")
    if Organisation.objects.filter(slug=slug).exists():
        detail = f"The address {slug!r} is taken. Choose another."
        raise Conflict(detail, errors=(FieldError("/slug", "taken", detail),))
    tenant = ids.new_tenant()
    organisation: Organisation = Organisation.objects.create(
        tenant=tenant, schema_name=isolation.schema(tenant), name=name, slug=slug, plan=terms
    )
    Membership.objects.create(organisation=organisation, user=owner, role=Role.OWNER)
    _ask_provisioner(organisation, Provisioning.Action.CREATE, by=owner.email)
    return organisation


@transaction.atomic
def change(
    *,
    organisation: Organisation,
    by: str,
    name: str | None = None,
    retention: str | None = None,
    keep_inputs: bool | None = None,
    rows_cap: int | EllipsisType | None = ...,
) -> None:
    """Change what is given; a cap of None is no cap. Raises InvalidInput for a name that could deceive.

    What is kept changes for answers from now on; an earlier one stays as long as was promised when it was given.
    """
    wanted = {"name": name, "retention": retention, "keep_inputs": keep_inputs}
    given: dict[str, Any] = {field: value for field, value in wanted.items() if value is not None}
    if name is not None:
        given["name"] = names.check_name(name)
    if rows_cap is not ...:
        given["rows_cap"] = rows_cap
    for field, value in given.items():
        setattr(organisation, field, value)
    organisation.save(update_fields=list(given))
    audit.record(organisation=organisation, by=by, action="settings.changed", **given)


def hide_first_steps(*, membership: Membership) -> None:
    """Show this member no first steps any more, in this organisation."""
    membership.hides_first_steps = True
    membership.save(update_fields=["hides_first_steps"])


def suspend(*, organisation: Organisation) -> None:
    """Refuse every key and member from now on, and stop the workers. Nothing is lost."""
    _move(organisation, Organisation.Status.ACTIVE, Organisation.Status.SUSPENDED)


def resume(*, organisation: Organisation) -> None:
    _move(organisation, Organisation.Status.SUSPENDED, Organisation.Status.ACTIVE)


@transaction.atomic
def delete(*, organisation: Organisation, by: str) -> None:
    """Have everything of the organisation destroyed. It answers nobody from now on."""
    if Organisation.objects.select_for_update().get(pk=organisation.pk).status == Organisation.Status.DELETING:
        raise Conflict(f"{organisation.slug} is being deleted already.")
    organisation.status = Organisation.Status.DELETING
    organisation.save(update_fields=["status"])
    organisation.api_keys.filter(revoked_at=None).update(revoked_at=timezone.now())
    _ask_provisioner(organisation, Provisioning.Action.DELETE, by=by)


def _move(organisation: Organisation, before: str, after: str) -> None:
    moved = Organisation.objects.filter(pk=organisation.pk, status=before).update(status=after)
    if not moved:
        raise Conflict(f"{organisation.slug} is {organisation.status}; only one that is {before} can become {after}.")
    organisation.status = after


def _ask_provisioner(organisation: Organisation, action: Provisioning.Action, *, by: str) -> None:
    Provisioning.objects.create(organisation=organisation, action=action, requested_by=by)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('provisioning', '')")


# --- Members ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def invite(*, organisation: Organisation, email: str, role: str, by: User) -> Invitation:
    """Send a letter whose link lets its reader join. An open invitation to the same address is replaced."""
    _check_role(role)
    if role == Role.OWNER:
        _only_for_owners(organisation, by.email)
    email = email.strip().lower()
    if organisation.memberships.filter(user__email=email).exists():
        raise Conflict(f"{email} is a member already. Change the role instead.")
    organisation.invitations.filter(email=email, accepted_at=None).delete()
    invitation = Invitation(organisation=organisation, email=email, role=role)
    _send(invitation, by=by)
    audit.record(organisation=organisation, by=by.email, action="member.invited", target=email, role=role)
    return invitation


@transaction.atomic
def send_again(*, invitation: Invitation, by: User) -> None:
    """Send the letter anew, with as much time as at first. The link of the earlier one leads nowhere any more."""
    _send(invitation, by=by)
    _note_about(invitation, "invitation.sent_again", by=by.email)


@transaction.atomic
def withdraw(*, invitation: Invitation, by: str) -> None:
    """Take an invitation back: the link in its letter leads nowhere any more."""
    _note_about(invitation, "invitation.withdrawn", by=by)
    invitation.delete()


@transaction.atomic
def accept_invitation(*, token: str, user: User) -> Membership:
    """Join. Raises NotFound for a token that is unknown, used, too old or was sent to somebody else."""
    invitation = Invitation.objects.select_for_update().filter(token_sha256=_hash(token)).first()
    if invitation is None or not invitation.is_open or invitation.email != user.email:
        raise NotFound
    organisation: Organisation = invitation.organisation
    if not organisation.is_active:
        raise NotFound
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    membership, _ = Membership.objects.get_or_create(
        organisation=organisation, user=user, defaults={"role": invitation.role}
    )
    _note_about(invitation, "member.joined", by=user.email)
    return membership


@transaction.atomic
def add_member(*, organisation: Organisation, user: User, role: str) -> Membership:
    _check_role(role)
    return Membership.objects.create(organisation=organisation, user=user, role=role)


@transaction.atomic
def change_role(*, membership: Membership, role: str, by: str) -> None:
    """Raises Conflict when no owner would be left, and when it is about an owner and `by` is none."""
    _check_role(role)
    if Role.OWNER in (role, membership.role):
        _only_for_owners(membership.organisation, by)
    if role != Role.OWNER:
        _keep_an_owner(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    target = membership.user.email
    audit.record(
        organisation=membership.organisation, by=by, action="member.role", target=target, before=before, after=role
    )


@transaction.atomic
def remove_member(*, membership: Membership, by: str) -> None:
    """Raises Conflict for the last owner, and for an owner whom somebody else would remove who is none."""
    email = membership.user.email
    if membership.role == Role.OWNER and by != email:
        _only_for_owners(membership.organisation, by)
    _keep_an_owner(membership)
    audit.record(
        organisation=membership.organisation,
        by=by,
        action="member.left" if by == email else "member.removed",
        target=email,
        role=membership.role,
    )
    membership.delete()


def _send(invitation: Invitation, *, by: User) -> None:
    token = secrets.token_urlsafe(32)
    invitation.token_sha256 = _hash(token)
    invitation.invited_by = by.email
    invitation.expires_at = timezone.now() + timedelta(days=INVITATION_DAYS)
    invitation.save()
    transaction.on_commit(lambda: emails.send_invitation(invitation, token=token))


def _note_about(invitation: Invitation, action: str, *, by: str) -> None:
    organisation = invitation.organisation
    audit.record(organisation=organisation, by=by, action=action, target=invitation.email, role=invitation.role)


def _check_role(role: str) -> None:
    if role not in Role.values:
        raise InvalidInput.field("role", f"Name one of: {', '.join(Role.values)}.")


def _only_for_owners(organisation: Organisation, by: str) -> None:
    # An admin who could make owners could make themselves one, and remove the others.
    if not organisation.memberships.filter(user__email=by, role=Role.OWNER).exists():
        raise Conflict("Only an owner may make, change or remove an owner. Ask one of them.")


def _keep_an_owner(membership: Membership) -> None:
    # The organisation's row is the lock: two owners who leave at the same time must not both be let go.
    Organisation.objects.select_for_update().get(pk=membership.organisation_id)
    others = Membership.objects.filter(organisation=membership.organisation_id, role=Role.OWNER)
    if membership.role == Role.OWNER and not others.exclude(pk=membership.pk).exists():
        raise Conflict("An organisation keeps at least one owner. Make somebody else an owner first.")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
