"""Every page of an organisation, against strangers and viewers. They are enumerated, so that none is left out."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from frontend.urls import of_organisation
from tenants.models import User
from tests.frontend.conftest import Studio, Visit

PAGES = [str(page.name) for page in of_organisation if isinstance(page, URLPattern)]
FOR_VIEWERS = {
    "organisation_home",
    "dataset_list",
    "dataset_detail",
    "dataset_rows",
    "training_list",
    "training_detail",
    "model_list",
    "model_detail",
    "version_detail",
    "version_rows",
    "version_compare",
    "team",
    "plan",
    "usage",
    "usage_csv",
}
# What a viewer may do: go, and not be shown the first steps any more.
FOR_EVERYBODY = {"member_leave", "first_steps_hide"}
FOR_MEMBERS = FOR_VIEWERS | {
    "dataset_upload",
    "dataset_extend",
    "training_start",
    "try_it",
    "result_list",
    "classification_detail",
}


def arguments(studio: Studio, page: str) -> dict[str, object]:
    """Return what the page's address takes, of things that exist."""
    known = {
        "dataset": studio.dataset.id,
        "job": studio.job.id,
        "model": studio.model.name,
        "number": 1,
        "classification": "cls_none",
        "key_id": "key_none",
        "member": 1,
        "invitation": 1,
    }
    pattern = next(each for each in of_organisation if each.name == page)
    return {name: known[name] for name in pattern.pattern.converters}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_finds_no_page(
    page: str, method: str, carol: User, client_of: Callable[[User], Client], studio: Studio
) -> None:
    address = reverse(page, kwargs={"slug": studio.organisation.slug, **arguments(studio, page)})
    answer = getattr(client_of(carol), method)(address)
    assert answer.status_code == 404
    assert studio.organisation.name not in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_who_is_not_signed_in_is_asked_to(page: str, db: None, studio: Studio) -> None:
    address = reverse(page, kwargs={"slug": studio.organisation.slug, **arguments(studio, page)})
    assert Client().get(address).headers["Location"] == f"{reverse('account_login')}?next={address}"


@pytest.mark.parametrize("page", sorted(FOR_VIEWERS))
def test_a_viewer_sees_what_there_is(page: str, rita: User, visit: Visit, studio: Studio) -> None:
    assert visit(rita, page, *arguments(studio, page).values()).status_code == 200


@pytest.mark.parametrize("page", [page for page in PAGES if page not in FOR_VIEWERS | FOR_EVERYBODY])
def test_a_viewer_changes_nothing_and_is_told_who_may(page: str, rita: User, send: Visit, studio: Studio) -> None:
    answer = send(rita, page, *arguments(studio, page).values())
    assert answer.status_code == 403
    assert "yours in Studio is viewer" in answer.text


@pytest.mark.parametrize("page", [page for page in PAGES if page not in FOR_MEMBERS | FOR_EVERYBODY])
def test_a_member_reaches_training_but_no_deletion_keys_team_or_settings(
    page: str, bob: User, send: Visit, studio: Studio
) -> None:
    of_training = page.split("_", maxsplit=1)[0] in {
        "dataset",
        "training",
        "model",
        "version",
        "classification",
    } and not page.endswith("delete")
    assert (send(bob, page, *arguments(studio, page).values()).status_code == 403) is not of_training


@pytest.mark.parametrize(
    ("page", "parts"),
    [
        ("dataset_detail", ["ds_none"]),
        ("dataset_rows", ["ds_none"]),
        ("dataset_extend", ["ds_none"]),
        ("training_detail", ["job_none"]),
        ("model_detail", ["none"]),
        ("version_detail", ["letters", 99]),
        ("version_rows", ["letters", 99]),
        ("version_compare", ["letters", 99]),
        ("classification_detail", ["cls_none"]),
        ("key_detail", ["key_none"]),
    ],
)
def test_what_is_not_there_is_not_found(page: str, parts: list[object], alice: User, visit: Visit) -> None:
    assert visit(alice, page, *parts).status_code == 404


def test_an_id_of_another_organisation_is_not_found(
    carol: User, client_of: Callable[[User], Client], globex: object, studio: Studio
) -> None:
    address = reverse("dataset_detail", args=[str(globex), studio.dataset.id])
    assert client_of(carol).get(address).status_code == 404
