from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from tenants import accounts, appointments, isolation
from tenants.models import Appointment, Job, Organisation
from tests import universe
from tests.classifier.processes import wait_until


def in_days(days: float) -> datetime:
    return timezone.now() + timedelta(days=days)


def due(organisation: Organisation) -> dict[str, datetime]:
    return dict(Appointment.objects.filter(tenant=organisation.tenant).values_list("subject", "due_at"))


def test_the_earlier_appointment_stays(acme: Organisation) -> None:
    later, sooner = in_days(7), in_days(1)
    with isolation.entered(acme):
        for at in (later, sooner, later):
            appointments.make("support", at=at)
    assert due(acme) == {"support": sooner}


def test_a_stranger_neither_moves_nor_drops_it(acme: Organisation, globex: Organisation) -> None:
    ours = in_days(7)
    with isolation.entered(acme):
        appointments.make("support", at=ours)
    with isolation.entered(globex):
        appointments.make("support", at=in_days(1))
        appointments.drop("support")
    assert (due(acme), due(globex)) == ({"support": ours}, {})


def test_only_an_organisation_makes_one(db: None) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        appointments.make("support", at=in_days(1))


@pytest.mark.parametrize("statement", ["DELETE FROM appointment", "UPDATE appointment SET due_at = now()"])
def test_the_web_process_only_sees_them(db: None, statement: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def jobs_of(organisation: Organisation) -> list[str]:
    return list(Job.objects.filter(tenant=organisation.tenant, kind="follow").values_list("subject", flat=True))


def test_those_that_are_due_become_one_job_of_the_organisation(committed: None) -> None:
    made, _ = universe.organisation("Punctual", universe.person("petra"))
    with transaction.atomic(), isolation.entered(made):
        appointments.make("first", at=in_days(-1))
        appointments.make("second", at=timezone.now())
        appointments.make("third", at=in_days(1))
    wait_until(lambda: Job.objects.filter(tenant=made.tenant, state="done").exists(), 30)
    assert jobs_of(made) == ["first, second"]
    assert list(due(made)) == ["third"]


def test_a_suspended_organisations_wait_until_it_is_resumed(committed: None) -> None:
    made, _ = universe.organisation("Resting", universe.person("remy"))
    other, _ = universe.organisation("Awake", universe.person("ada"))
    accounts.suspend(organisation=made)
    for organisation in (made, other):
        with isolation.entered(organisation):
            appointments.make("support", at=in_days(-1))
    wait_until(lambda: jobs_of(other), 30)
    assert (jobs_of(made), list(due(made))) == ([], ["support"])
    accounts.resume(organisation=made)
    wait_until(lambda: jobs_of(made), 30)


def test_a_deleted_organisation_keeps_no_appointment(committed: None) -> None:
    made, _ = universe.organisation("Leaving", universe.person("lea"))
    with isolation.entered(made):
        appointments.make("support", at=in_days(1))
    accounts.delete(organisation=made, by="lea")
    wait_until(lambda: Organisation.objects.get(pk=made.pk).status == "deleted", 30)
    assert due(made) == {}
