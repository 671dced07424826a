"""Who asks, and as whom the view runs.

Both are found out in `public`, before the organisation is entered; the view then runs inside it, and cannot see
`public` at all. A view that is about `public` itself says so with `outside = True`.
"""

import re
from collections.abc import Callable
from typing import Any

import redis
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase

from tenants import broker, idempotency, ids, isolation, keys, logs, rates
from tenants.errors import InvalidKey, MissingScope, TenantError, Unavailable
from tenants.models import ApiKey, Membership, Organisation

View = Callable[..., HttpResponseBase]
GetResponse = Callable[[HttpRequest], HttpResponseBase]

API_PATH = "/api/v1/"
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class RequestId:
    """Gives every request an id, or keeps the caller's where it is one, and names it in the answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        number = request_id(request.headers.get("X-Request-Id"))
        request.request_id = number  # type: ignore[attr-defined]  # ours
        with logs.about(request=number):
            response = self.get_response(request)
        response.headers["X-Request-Id"] = number
        return response


def request_id(inbound: str | None) -> str:
    return inbound if inbound and REQUEST_ID.fullmatch(inbound) else ids.new("req")


class Tenancy:
    """Runs API views as the key's organisation, and dashboard pages as the member's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if request.path.startswith(API_PATH):
            return _serve_api(request, view, kwargs)
        if "slug" in kwargs:
            return _serve_page(request, view, kwargs)
        return None


def _serve_api(request: Any, view: View, kwargs: dict[str, Any]) -> HttpResponseBase:
    request.api_key = request.organisation = request.refusal = None
    headers: dict[str, str] = {}
    try:
        key = keys.authenticate(_bearer(request))
        _require_scope(view, request.method, key)
        allowance = _count(key)
        if allowance is not None:
            headers = allowance.headers()
            allowance.enforce()
    except TenantError as error:
        # The view raises it, so that it becomes a problem document like any other error.
        request.refusal = error
        response = view(request, **kwargs)
    else:
        request.api_key, request.organisation = key, key.organisation
        logs.note(tenant=key.organisation_id)
        keys.note_use(key)
        response = idempotency.once(request, lambda: _run(request, view, kwargs, key.organisation))
    for name, value in headers.items():
        response.headers[name] = value
    return response


def _require_scope(view: View, method: str, key: ApiKey) -> None:
    """Refuse early what the view would refuse: before a body of megabytes is read for its Idempotency-Key."""
    scope = getattr(getattr(view, "cls", None), "scopes", {}).get(method)
    if scope is not None and scope not in key.scopes:
        raise MissingScope(scope)


def _count(key: ApiKey) -> rates.Allowance | None:
    try:
        return rates.count(broker.shared(), key)
    except redis.RedisError:
        raise Unavailable("The broker does not answer. Try again in a moment.", retry_after=1) from None


def _serve_page(request: Any, view: View, kwargs: dict[str, Any]) -> HttpResponseBase:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    members = Membership.objects.select_related("organisation__plan", "user")
    membership = members.filter(user=request.user, organisation__slug=kwargs["slug"]).first()
    if membership is None or not membership.organisation.is_active:
        raise Http404
    request.membership = membership
    request.organisation = membership.organisation
    logs.note(tenant=membership.organisation.tenant)
    return _run(request, view, kwargs, membership.organisation)


def _run(request: Any, view: View, kwargs: dict[str, Any], organisation: Organisation) -> HttpResponseBase:
    if getattr(getattr(view, "cls", view), "outside", False):
        return view(request, **kwargs)
    with isolation.entered(organisation):
        response = view(request, **kwargs)
        # What is left to render would read the organisation's rows after it was left.
        return response.render() if hasattr(response, "render") else response


def _bearer(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidKey
    return token.strip()
