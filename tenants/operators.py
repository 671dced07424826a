"""What an operator may do to organisations, plans and accounts. Every verb leaves an entry that nobody can take back.

`by` is the operator's address, or `COMMAND_LINE` for somebody with a shell on the server.
"""

from typing import Any

from django.db import transaction

from tenants import accounts
from tenants.errors import Conflict
from tenants.models import OperatorEntry, Organisation, Plan, Quarantine, User

COMMAND_LINE = "command line"


@transaction.atomic
def create(*, email: str, password: str, by: str) -> bool:
    """Make an operator, of an account that exists or a new one, and say whether it is new, with this password."""
    email = email.strip().lower()
    user = User.objects.filter(email=email).first()
    is_new = user is None
    if user is None:
        user = accounts.register(email=email, password=password)
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    _note(by, "operator.created", email)
    return is_new


def found(*, name: str, owner: User, plan: str, by: str) -> Organisation:
    """Do what `accounts.found` does, which waits for another process and so has no transaction around it."""
    organisation = accounts.found(name=name, owner=owner, plan=plan)
    _note(by, "organisation.founded", organisation.id, slug=organisation.slug, owner=owner.email)
    return organisation


@transaction.atomic
def suspend(*, organisation: Organisation, by: str) -> None:
    accounts.suspend(organisation=organisation)
    _note(by, "organisation.suspended", organisation.id, slug=organisation.slug)


@transaction.atomic
def resume(*, organisation: Organisation, by: str) -> None:
    accounts.resume(organisation=organisation)
    _note(by, "organisation.resumed", organisation.id, slug=organisation.slug)


@transaction.atomic
def release(*, organisation: Organisation, by: str) -> None:
    """Let the fleet try an organisation's workers again. Raises Conflict where none of them is in quarantine."""
    held = Quarantine.objects.filter(tenant=organisation.tenant)
    uses = sorted(held.values_list("use", flat=True))
    if not uses:
        raise Conflict(f"No worker of {organisation.slug} is in quarantine.")
    held.delete()
    _note(by, "organisation.released", organisation.id, slug=organisation.slug, uses=uses)


@transaction.atomic
def delete(*, organisation: Organisation, by: str) -> None:
    """Have everything of the organisation destroyed. Raises Conflict for one that is on its way out already."""
    if organisation.status not in {Organisation.Status.ACTIVE, Organisation.Status.SUSPENDED}:
        raise Conflict(f"{organisation.slug} is {organisation.status}; only one that is active or suspended can go.")
    _note(by, "organisation.deleted", organisation.id, slug=organisation.slug)
    accounts.delete(organisation=organisation, by=by)


@transaction.atomic
def change_plan(*, organisation: Organisation, plan: Plan, by: str) -> None:
    before = Organisation.objects.values_list("plan_id", flat=True).get(pk=organisation.pk)
    organisation.plan = plan
    organisation.save(update_fields=["plan"])
    _note(by, "organisation.plan", organisation.id, slug=organisation.slug, before=before, after=plan.name)


@transaction.atomic
def save_plan(*, plan: Plan, by: str) -> None:
    """Make a plan, or change its limits: they hold for everybody who has it, from the next request on."""
    known = Plan.objects.filter(pk=plan.pk).first()
    before = known.limits() if known else {}
    plan.save()
    changed = {name: [before.get(name), limit] for name, limit in plan.limits().items() if before.get(name) != limit}
    _note(by, "plan.changed" if known else "plan.created", plan.name, **changed)


@transaction.atomic
def deactivate(*, user: User, by: str) -> None:
    """Sign somebody out everywhere, and let them in no more. Raises Conflict for oneself."""
    if user.email == by:
        raise Conflict("You cannot deactivate yourself. Ask another operator.")
    _set_active(user, False)
    _note(by, "user.deactivated", user.email)


@transaction.atomic
def activate(*, user: User, by: str) -> None:
    _set_active(user, True)
    _note(by, "user.activated", user.email)


def _set_active(user: User, active: bool) -> None:
    user.is_active = active
    user.save(update_fields=["is_active"])


def _note(by: str, action: str, target: str, **detail: Any) -> None:
    OperatorEntry.objects.create(actor=by, action=action, target=target, detail=detail)
