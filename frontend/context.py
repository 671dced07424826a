"""What every page knows beside its own subject."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from frontend import invitations
from tenants import accounts
from tenants.permissions import Scope, role_grants


def permissions(request: HttpRequest) -> dict[str, dict[str, bool]]:
    """Give the templates `may`, so that a page offers its reader only what the reader may do: `may.train`."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    return {"may": {scope.value: role_grants(membership.role, scope) for scope in Scope}}


def sign_up(request: HttpRequest) -> dict[str, Any]:
    """Give the templates who may sign up here, and whether their reader may, which is looked up where a page asks."""
    return {
        "sign_up": settings.ASSORT_SIGN_UP,
        "may_sign_up": lambda: accounts.may_sign_up(invitation=invitations.kept(request)),
    }
