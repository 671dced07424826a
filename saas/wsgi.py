"""What the web processes serve: pages, and every part of the API but the classify call, handed on by the gateway."""

import gc
import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saas.settings")

_django = get_wsgi_application()

from saas import introduction, readiness  # noqa: E402
from tenants import metrics  # noqa: E402

readiness.refuse_unsafe()
# All pages and calls are loaded now, not by the first who asks; what is there then stays, and need not be looked at for
# garbage again and again.
get_resolver().url_patterns  # noqa: B018
metrics.serve()
gc.collect()
gc.freeze()

_INTRODUCED = "HTTP_" + introduction.HEADER.upper().replace("-", "_")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, for whom the gateway has introduced, under the client's own address and scheme."""
    try:
        environ["REMOTE_ADDR"], environ["wsgi.url_scheme"] = introduction.read(environ.pop(_INTRODUCED, ""))
    except introduction.NotIntroduced:
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [b"Ask the gateway.\n"]
    return _django(environ, start_response)
