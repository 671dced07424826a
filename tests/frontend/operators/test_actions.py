"""What an operator does at the desk is done by a verb, and stands in the audit afterwards."""

from typing import Any

from tenants.models import OperatorEntry, Organisation, Plan, Provisioning, User
from tests.frontend.operators.conftest import Desk

LIST = "tenants_organisation_changelist"


def entry(action: str) -> OperatorEntry:
    return OperatorEntry.objects.get(action=action)


def test_a_suspended_organisation_is_resumed(act: Desk, acme: Organisation, olga: User) -> None:
    act(LIST, action="suspend", _selected_action=acme.pk)
    assert not Organisation.objects.get(pk=acme.pk).is_active
    act(LIST, action="resume", _selected_action=acme.pk)
    assert Organisation.objects.get(pk=acme.pk).is_active
    assert [entry(f"organisation.{done}").actor for done in ("suspended", "resumed")] == [olga.email] * 2


def test_what_is_refused_is_said_and_leaves_no_entry(act: Desk, acme: Organisation) -> None:
    page = act(LIST, action="resume", _selected_action=acme.pk)
    assert "only one that is suspended" in page.text
    assert not OperatorEntry.objects.filter(action="organisation.resumed").exists()


def test_deleting_asks_first_and_then_the_provisioner(act: Desk, acme: Organisation, olga: User) -> None:
    asked = act(LIST, action="delete_selected", _selected_action=acme.pk)
    assert "for ever" in asked.text
    assert Organisation.objects.get(pk=acme.pk).is_active
    act(LIST, action="delete_selected", _selected_action=acme.pk, post="yes")
    assert Organisation.objects.get(pk=acme.pk).status == "deleting"
    assert Provisioning.objects.get(organisation=acme, action="delete").requested_by == olga.email
    assert entry("organisation.deleted").target == acme.id


def test_the_page_of_one_organisation_deletes_it_too(act: Desk, acme: Organisation) -> None:
    act("tenants_organisation_delete", acme.pk, post="yes")
    assert Organisation.objects.get(pk=acme.pk).status == "deleting"


def test_a_change_of_plan_and_nothing_else_is_saved(act: Desk, acme: Organisation) -> None:
    fields: dict[str, Any] = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    act("tenants_organisation_change", acme.pk, plan="standard", name="Taken over", status="deleted", **fields)
    changed = Organisation.objects.get(pk=acme.pk)
    assert (changed.plan_id, changed.name, changed.status) == ("standard", acme.name, "active")
    assert entry("organisation.plan").detail == {"slug": acme.slug, "before": "unmetered", "after": "standard"}


def test_a_limit_is_changed_with_both_values_in_the_audit(act: Desk) -> None:
    plan = Plan.objects.get(name="standard")
    limits = {name: "" if limit is None else limit for name, limit in plan.limits().items()} | {"workers": 3}
    act("tenants_plan_change", "standard", **limits)
    assert Plan.objects.get(name="standard").workers == 3
    assert entry("plan.changed").detail == {"workers": [plan.workers, 3]}


def test_a_person_is_deactivated_and_activated(act: Desk, bob: User) -> None:
    act("tenants_user_changelist", action="deactivate", _selected_action=bob.pk)
    assert not User.objects.get(pk=bob.pk).is_active
    act("tenants_user_changelist", action="activate", _selected_action=bob.pk)
    assert User.objects.get(pk=bob.pk).is_active
    assert entry("user.deactivated").target == bob.email


def test_an_operator_cannot_lock_themselves_out(act: Desk, olga: User) -> None:
    page = act("tenants_user_changelist", action="deactivate", _selected_action=olga.pk)
    assert "You cannot deactivate yourself" in page.text
    assert User.objects.get(pk=olga.pk).is_active


def test_an_account_is_not_edited(act: Desk, bob: User) -> None:
    act("tenants_user_change", bob.pk, is_staff="on", email="taken@example.test")
    unchanged = User.objects.get(pk=bob.pk)
    assert (unchanged.is_staff, unchanged.email) == (False, bob.email)


def test_an_entry_is_neither_changed_nor_deleted(act: Desk, look: Desk, acme: Organisation) -> None:
    act(LIST, action="suspend", _selected_action=acme.pk)
    made = entry("organisation.suspended")
    assert act("tenants_operatorentry_delete", made.pk, post="yes").status_code == 403
    assert act("tenants_operatorentry_change", made.pk, actor="nobody").status_code == 403
    assert OperatorEntry.objects.get(pk=made.pk).actor == made.actor
    assert look("tenants_operatorentry_change", made.pk).status_code == 200
