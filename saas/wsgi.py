"""What the web processes serve: pages, and every part of the API but the classify call, handed on by the gateway."""

import gc
import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saas.settings")

_django = get_wsgi_application()

from saas import readiness  # noqa: E402

_CLIENT = "HTTP_X_ASSORT_CLIENT"

readiness.refuse_unsafe()
# All pages and calls are loaded now, not by the first who asks; what is there then stays, and need not be looked at for
# garbage again and again.
get_resolver().url_patterns  # noqa: B018
gc.collect()
gc.freeze()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, told who the client is: the socket's other end is always the gateway."""
    environ["REMOTE_ADDR"] = environ.pop(_CLIENT, "")
    return _django(environ, start_response)
