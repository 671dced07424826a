import json

import pytest
from django.db import DatabaseError, connection, transaction

from tenants import ids, operators
from tenants.errors import Conflict
from tenants.models import OperatorEntry, Organisation, User
from tests import universe
from tests.service import Service


def test_a_new_operator_gets_a_password_once(service: Service, committed: None) -> None:
    email = f"olga-{ids.random_text(6)}@example.test"
    made = json.loads(service.manage("operator", "create", email.upper()).stdout)
    assert made["operator"] == email
    user = User.objects.get(email=email)
    assert user.is_staff
    assert user.check_password(made["password"])
    assert "password" not in json.loads(service.manage("operator", "create", email).stdout)


def test_what_is_no_address_is_refused(service: Service) -> None:
    refused = service.manage("operator", "create", "olga")
    assert refused.returncode == 1
    assert "no e-mail address" in refused.stderr


def test_an_account_that_exists_becomes_an_operators_and_keeps_its_password(bob: User) -> None:
    assert not operators.create(email=bob.email, password="unused", by="olga")
    assert User.objects.get(pk=bob.pk).check_password(universe.PASSWORD)


@pytest.mark.parametrize("statement", ["UPDATE operator_audit SET actor = 'nobody'", "DELETE FROM operator_audit"])
def test_the_web_process_can_neither_change_nor_delete_an_entry(statement: str, acme: Organisation) -> None:
    operators.suspend(organisation=acme, by="olga")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert OperatorEntry.objects.get(target=acme.id).actor == "olga"


def test_an_organisation_goes_once(acme: Organisation) -> None:
    operators.delete(organisation=acme, by="olga")
    with pytest.raises(Conflict, match="deleting"):
        operators.delete(organisation=acme, by="olga")


def test_the_command_line_leaves_entries_too(service: Service, committed: None) -> None:
    made = service.create_organisation("Hooli", f"gavin-{ids.random_text(6)}@example.test")
    service.manage("organisation", "suspend", made["slug"])
    entries = OperatorEntry.objects.filter(target=made["organisation"]).order_by("id")
    done = [(entry.actor, entry.action) for entry in entries]
    assert done == [("command line", "organisation.founded"), ("command line", "organisation.suspended")]


def test_the_command_line_lists_who_is_there_and_knows_no_others(service: Service, committed: None) -> None:
    name = f"Hooli {ids.random_text(6)}"
    owner = f"{name.replace(' ', '-')}@example.test"
    first, second = (service.create_organisation(each, owner) for each in (name, f"{name} XYZ"))
    assert "password" in first
    assert "password" not in second  # Its owner has an account already.
    service.manage("organisation", "suspend", second["slug"])
    listed = [line.split("  ") for line in service.manage("organisation", "list").stdout.splitlines()]
    assert [first["organisation"], first["slug"], "active", "unmetered", name] in listed
    assert [second["organisation"], second["slug"], "suspended", "unmetered", f"{name} XYZ"] in listed
    refused = service.manage("organisation", "suspend", "nobody-at-all")
    assert (refused.returncode, "There is no organisation" in refused.stderr) == (1, True)
