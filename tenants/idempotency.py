"""A POST that carries an Idempotency-Key takes effect once, however often it is sent.

The key, the work and the answer are one transaction: a process that dies in between leaves nothing of the three, and
the next try starts afresh. A lock of the database, which ends with the transaction, tells that a try is under way.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import connection, transaction
from django.http import HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils import timezone

from tenants import isolation
from tenants.errors import Conflict, InvalidInput, TenantError
from tenants.records.models import IdempotencyKey

LIFETIME = timedelta(hours=24)
KEPT_HEADERS = ("Content-Type", "Location")


def once(request: Any, answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Return the answer, from memory where this key has had one.

    A key that is used for another body, or whose first request still runs, becomes `request.refusal`, which the view
    then raises.
    """
    key = request.headers.get("Idempotency-Key")
    if request.method != "POST" or key is None:
        return answer()
    try:
        with transaction.atomic():
            return _replayed(request, key) or _answered(request, key, answer)
    except _Refused as refused:
        request.refusal = refused.error
        return answer()


def forget_expired(**which: str) -> None:
    """Delete the answers of the organisation that is entered which nobody may replay any more."""
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - LIFETIME, **which).delete()


class _Refused(Exception):
    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _replayed(request: Any, key: str) -> HttpResponse | None:
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise _Refused(InvalidInput("An Idempotency-Key has 1 to 255 printable characters."))
    with isolation.entered(request.organisation):
        if not _lock(request.organisation.tenant, key):
            raise _Refused(Conflict("The first request with this Idempotency-Key still runs. Try again shortly."))
        forget_expired(key=key)
        stored = IdempotencyKey.objects.filter(key=key).first()
    if stored is None:
        return None
    if stored.fingerprint != _fingerprint(request):
        raise _Refused(InvalidInput("This Idempotency-Key belongs to another request. Use a new one."))
    response = HttpResponse(stored.body, status=stored.status, headers=stored.headers)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _answered(request: Any, key: str, answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    fingerprint = _fingerprint(request)
    response: Any = answer()
    if hasattr(response, "render"):
        response.render()
    # A refusal changed nothing, and the caller may mend the request and use the key again.
    if response.status_code < 300:
        with isolation.entered(request.organisation):
            IdempotencyKey.objects.create(
                key=key,
                fingerprint=fingerprint,
                status=response.status_code,
                headers={name: response.headers[name] for name in KEPT_HEADERS if name in response.headers},
                body=response.content.decode(),
            )
    return response  # type: ignore[no-any-return]  # a response has more faces than Django's types tell


def _lock(tenant: str, key: str) -> bool:
    number = int.from_bytes(hashlib.sha256(f"{tenant} {key}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])


def _fingerprint(request: Any) -> str:
    """Return a hash of what was asked. Raises _Refused for a body that the view could not read either."""
    try:
        return _hash(request)
    except (TenantError, SuspiciousOperation, MultiPartParserError, UnreadablePostError) as error:
        raise _Refused(error) from error


def _hash(request: Any) -> str:
    """Return a hash in which an upload counts by its content, since its boundary changes with each try."""
    digest = hashlib.sha256(f"{request.path}\n".encode())
    if request.content_type == "multipart/form-data":
        files = {name: file.sha256 for name, file in request.FILES.items()}
        digest.update(json.dumps([sorted(request.POST.items()), files], sort_keys=True).encode())
    else:
        digest.update(request.body)
    return digest.hexdigest()
