from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tenants import operators
from tenants.models import User
from tests import universe

Desk = Callable[..., Any]


@pytest.fixture
def olga(db: None) -> User:
    """An operator, who is a member of no organisation."""
    olga = universe.person("olga")
    operators.create(email=olga.email, password="", by=operators.COMMAND_LINE)
    return User.objects.get(pk=olga.pk)


@pytest.fixture
def look(olga: User, client_of: Callable[[User], Client]) -> Desk:
    """Open a page of the desk as Olga: `look("tenants_job_changelist")`."""
    return lambda view, *args, **query: client_of(olga).get(reverse(f"admin:{view}", args=args), query)


@pytest.fixture
def act(olga: User, client_of: Callable[[User], Client]) -> Desk:
    """Send a form of the desk as Olga, and follow to where it leads."""

    def post(view: str, *args: Any, **fields: Any) -> Any:
        return client_of(olga).post(reverse(f"admin:{view}", args=args), fields, follow=True)

    return post
