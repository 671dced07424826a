from collections.abc import Callable

import psycopg
import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.test import Client, RequestFactory

from frontend.views import errors
from tenants.models import User
from tests.frontend.conftest import Visit


def test_an_address_that_leads_nowhere_is_a_page(db: None) -> None:
    page = Client().get("/nowhere/")
    assert page.status_code == 404
    assert "There is no such page" in page.text


def test_who_may_not_is_told_which_role_may(visit: Visit, rita: User) -> None:
    page = visit(rita, "settings")
    assert "This needs the role owner or admin" in page.text


def test_the_page_of_an_internal_error_names_the_request_and_needs_no_database() -> None:
    request = RequestFactory().get("/")
    request.request_id = "req_x"  # type: ignore[attr-defined]  # the middleware's
    page = errors.server_error(request)
    assert page.status_code == 500
    assert "req_x" in page.text


@pytest.mark.parametrize("error", [OperationalError, psycopg.OperationalError])
def test_while_the_database_is_away_a_page_says_when_to_come_back(
    error: type[Exception], client_of: Callable[[User], Client], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(alice)
    client.raise_request_exception = False

    def away(session: SessionStore) -> None:
        raise error("gone")

    monkeypatch.setattr(SessionStore, "load", away)
    page = client.get("/organisations/?page=2")
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "5"
    assert "/organisations/?page=2" in page.text
