"""The desk shows `public` and nothing of an organisation, to operators and to nobody else."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from frontend.operators.site import site
from frontend.operators.urls import DESKS
from tenants import accounts, operators
from tenants.models import Job, Organisation, Plan, User
from tenants.postgresql.base import DatabaseWrapper
from tests.frontend.operators.conftest import Desk

INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)(?![^>]*application/json)")
LISTS = [f"tenants_{model._meta.model_name}_changelist" for model in site._registry]


def test_nothing_of_an_organisation_is_registered() -> None:
    assert {model._meta.app_label for model in site._registry} == {"tenants"}
    assert {type(desk) for desk in site._registry.values()} == set(DESKS)


@pytest.mark.parametrize("view", ["index", *LISTS])
def test_no_page_enters_an_organisation_or_has_anything_inline(
    view: str, look: Desk, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, schema: str) -> None:
        raise AssertionError(f"the desk entered {schema}")

    monkeypatch.setattr(DatabaseWrapper, "enter", refuse)
    page = look(view)
    assert page.status_code == 200
    assert INLINE.findall(page.text) == []


@pytest.mark.parametrize("kind", ["organisation", "plan", "user"])
def test_nor_does_the_page_of_one_row(
    kind: str, look: Desk, acme: Organisation, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(DatabaseWrapper, "enter")
    row = {"organisation": acme.pk, "plan": "standard", "user": alice.pk}[kind]
    page = look(f"tenants_{kind}_change", row)
    assert page.status_code == 200
    assert INLINE.findall(page.text) == []


@pytest.mark.parametrize("view", ["index", *LISTS])
def test_a_customer_finds_no_page(view: str, alice: User, client_of: Callable[[User], Client]) -> None:
    answer = client_of(alice).get(reverse(f"admin:{view}"), follow=True)
    assert answer.status_code == 404


@pytest.mark.parametrize("view", LISTS)
def test_nor_does_a_customers_forged_form(
    view: str, acme: Organisation, alice: User, client_of: Callable[[User], Client]
) -> None:
    fields = {"action": "suspend", "_selected_action": acme.pk}
    client_of(alice).post(reverse(f"admin:{view}"), fields)
    assert Organisation.objects.get(pk=acme.pk).is_active


def test_who_is_not_signed_in_is_sent_to_the_sign_in_of_everybody(db: None) -> None:
    answer = Client().get(reverse("admin:index"), follow=True)
    assert answer.redirect_chain[-1][0] == f"{reverse('account_login')}?next={reverse('admin:index')}"


def test_who_is_deactivated_is_out_at_once(olga: User, client_of: Callable[[User], Client]) -> None:
    browser = client_of(olga)
    operators.deactivate(user=olga, by="somebody@example.test")
    assert browser.get(reverse("admin:index"), follow=True).redirect_chain[-1][0].startswith("/accounts/login/")


def test_the_index_tells_how_the_whole_is(look: Desk, acme: Organisation) -> None:
    health = look("index").context["health"]
    assert health.broker
    assert health.organisations["active"] >= 1
    assert {beat.part for beat in health.beats} == {"provisioner", "relay", "fleet", "registrar", "postman"}


def test_jobs_are_listed_without_what_they_are_about(look: Desk, studio: Any) -> None:
    page = look("tenants_job_changelist", tenant=studio.organisation.tenant, kind="validate")
    assert page.context["cl"].result_count == 2
    assert "Letters" not in page.text
    job = Job.objects.filter(tenant=studio.organisation.tenant).first()
    assert job is not None
    assert look("tenants_job_change", job.pk).status_code == 200


@pytest.mark.parametrize("kind", ["job", "user", "operatorentry", "organisation"])
def test_only_plans_can_be_added(kind: str, look: Desk) -> None:
    assert look(f"tenants_{kind}_add").status_code == 403


def test_an_organisation_is_found_by_the_address_of_a_member(look: Desk, acme: Organisation, alice: User) -> None:
    page = look("tenants_organisation_changelist", q=alice.email)
    assert acme in page.context["cl"].result_list


def test_a_plan_keeps_its_name(act: Desk) -> None:
    act(
        "tenants_plan_change",
        "standard",
        name="golden",
        dataset_bytes=1,
        dataset_rows=1,
        training_seconds=1,
        training_bytes=1,
        workers=1,
        infer_workers=1,
    )
    assert not Plan.objects.filter(name="golden").exists()
    assert Plan.objects.get(name="standard").workers == 1


def test_a_deleted_organisation_is_not_listed(look: Desk, acme: Organisation) -> None:
    accounts.suspend(organisation=acme)
    Organisation.objects.filter(pk=acme.pk).update(status="deleted")
    assert acme not in look("tenants_organisation_changelist").context["cl"].result_list
