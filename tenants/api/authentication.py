from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication

from tenants.models import ApiKey


class KeyAuthentication(BaseAuthentication):
    """Hands on what the middleware found out before it entered the organisation."""

    def authenticate(self, request: Any) -> tuple[ApiKey, ApiKey]:
        if request._request.refusal is not None:
            raise request._request.refusal
        return request._request.api_key, request._request.api_key


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = KeyAuthentication
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "ak_live_…"}
