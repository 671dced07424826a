from typing import ClassVar

from rest_framework.request import Request
from rest_framework.views import APIView

from tenants.models import ApiKey
from tenants.permissions import Scope


class KeyRequest(Request):
    """A request whose key the middleware has checked."""

    auth: ApiKey


class ScopedView(APIView):
    """A view of the API: `scopes` says for each of its methods which scope it takes."""

    scopes: ClassVar[dict[str, Scope]]
    # True for a view about `public` itself: keys, the organisation's own settings.
    outside: ClassVar[bool] = False
