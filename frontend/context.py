"""What every page of an organisation knows beside its own subject."""

from django.http import HttpRequest

from tenants.permissions import Scope, role_grants


def permissions(request: HttpRequest) -> dict[str, dict[str, bool]]:
    """Give the templates `may`, so that a page offers its reader only what the reader may do: `may.train`."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    return {"may": {scope.value: role_grants(membership.role, scope) for scope in Scope}}
