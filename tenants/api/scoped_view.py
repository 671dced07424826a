from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.views import APIView

from tenants.api.parsers import JsonParser
from tenants.errors import NotFound
from tenants.models import ApiKey
from tenants.permissions import Scope


class KeyRequest(Request):
    """A request whose key the middleware has checked."""

    auth: ApiKey


class JsonAnyway(DefaultContentNegotiation):
    """Answers in JSON, whatever `Accept` prefers: an answer that can be read beats a refusal (RFC 9110, 12.5.1)."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class ScopedView(APIView):
    # No docstring: every operation of the OpenAPI document would inherit it as its description.

    # Which scope each method takes.
    scopes: ClassVar[dict[str, Scope]]
    # True for a view about `public` itself: keys, the organisation's own settings.
    outside: ClassVar[bool] = False
    parser_classes: Sequence[type[BaseParser]] = (JsonParser,)
    content_negotiation_class = JsonAnyway
    # OPTIONS would tell any key what a view is made of.
    metadata_class = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # PostgreSQL has no text with a NUL in it, so nothing is called that, and asking would be an error.
        if any("\0" in str(value) for value in kwargs.values()):
            raise NotFound


def valid(serializer: Any) -> dict[str, Any]:
    """Return what an input says. Raises the framework's ValidationError, which names each wrong field."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
