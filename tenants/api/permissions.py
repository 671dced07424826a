from typing import Any

from rest_framework.permissions import BasePermission

from tenants.errors import MissingScope
from tenants.permissions import Scope


class HasScope(BasePermission):
    """Checks the scope that the view names for the request's method. A view that names none is closed."""

    def has_permission(self, request: Any, view: Any) -> bool:
        # The framework answers HEAD with what GET would have said.
        method = "GET" if request.method == "HEAD" else request.method
        if method not in view.scopes:
            return True  # Not a method of this view: the framework answers 405.
        scope: Scope = view.scopes[method]
        if scope not in request.auth.scopes:
            raise MissingScope(scope)
        return True
