import pytest
from django.utils import timezone

from tenants import accounts, keys
from tenants.models import Organisation, Plan, User
from tenants.records.models import Usage
from tests.frontend.conftest import Inside, Studio, Visit


@pytest.fixture
def capped(inside: Inside, studio: Studio) -> Organisation:
    """The studio on the standard plan, with a cap of its own and one of its key, and ten rows by that key."""
    organisation: Organisation = Organisation.objects.get(pk=studio.organisation.pk)
    Organisation.objects.filter(pk=organisation.pk).update(plan=Plan.objects.get(name="standard"))
    key = organisation.api_keys.get()
    accounts.change(organisation=organisation, by="alice", rows_cap=100)
    keys.cap(organisation=organisation, key_id=key.id, rows=12, by="alice")
    with inside():
        Usage.objects.all().delete()  # What other tests have asked of it in the service.
        Usage.objects.create(day=timezone.now().date(), api_key=key.id, model="letters", requests=4, rows=10)
        Usage.objects.create(day=timezone.now().date(), api_key="", model="letters", requests=1, rows=1)
    return organisation


def test_use_is_held_against_plan_and_caps(visit: Visit, rita: User, capped: Organisation) -> None:
    page = visit(rita, "plan")
    assert [(share.used, share.limit) for share in page.context["shares"]] == [(11, 1_000_000), (2, 100), (1, 20)]
    assert [(share.used, share.limit) for share in page.context["caps"]] == [(11, 100), (10, 12)]
    assert "11 of 1,000,000" in page.text
    assert "6,000" in page.text


def test_who_may_not_change_the_cap_is_shown_no_form(visit: Visit, rita: User, alice: User) -> None:
    assert "/plan/cap/" not in visit(rita, "plan").text
    assert "/plan/cap/" in visit(alice, "plan").text
