"""What the web processes count of the requests that they answer; see tenants/metrics.py."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from tenants.metrics import Counter, Histogram

API = "/api/"

REQUESTS = Counter(
    "assort_web_requests", "Requests of pages and the API by route and class of status.", ("route", "status")
)
SECONDS = Histogram("assort_web_request_seconds", "How long pages and calls of the API take.", ("kind",))


class Measured:
    """Counts each request under the name of its route, which stands in the URL configuration."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        SECONDS.observe(time.perf_counter() - began, "api" if request.path.startswith(API) else "page")
        REQUESTS.add(_route(request, response), f"{response.status_code // 100}xx")
        return response


def _route(request: HttpRequest, response: HttpResponseBase) -> str:
    if request.resolver_match is not None:
        return request.resolver_match.view_name
    # Scripts and styles are answered before a route is looked for.
    return "file" if response.status_code < 400 else "nowhere"
