from typing import Any, ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from tenants.errors import MissingScope
from tenants.models import ApiKey
from tenants.permissions import Scope


class KeyRequest(Request):
    """A request whose key the middleware has checked."""

    auth: ApiKey


class HasScope(BasePermission):
    """Checks the scope that the view names for the request's method. A view that names none is closed."""

    def has_permission(self, request: Any, view: Any) -> bool:
        if request.method not in view.scopes:
            return True  # Not a method of this view: the framework answers 405.
        scope: Scope = view.scopes[request.method]
        if scope not in request.auth.scopes:
            raise MissingScope(scope)
        return True


class ScopedView(APIView):
    """A view of the API: `scopes` says for each of its methods which scope it takes."""

    scopes: ClassVar[dict[str, Scope]]
    # True for a view about `public` itself: keys, the organisation's own settings.
    outside: ClassVar[bool] = False
