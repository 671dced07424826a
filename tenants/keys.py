"""API keys: made, shown once, checked, revoked.

A key reads `ak_live_<12 public>_<32 secret><6 checksum>`. The checksum (CRC-32 in base 62 of everything before it)
lets a scanner tell a real key from a look-alike without asking the server. What is stored is an HMAC under a pepper
that is not in the database: the secret has 190 bits, so it needs no slow hash.
"""

import hashlib
import hmac
import re
import string
import zlib
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tenants import audit, ids
from tenants.errors import InvalidInput, InvalidKey, NotFound
from tenants.models import ApiKey, Organisation
from tenants.permissions import Scope

OVER = "This key was revoked or has expired. Make a new one."
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
PATTERN = re.compile(r"ak_live_([0-9A-Za-z]{12})_([0-9A-Za-z]{32})([0-9A-Za-z]{6})")
# Writing the time of every request would cost a transaction each; a minute is exact enough for a list of keys.
LAST_USED_STEP = timedelta(minutes=1)


@transaction.atomic
def issue(
    *,
    organisation: Organisation,
    name: str,
    scopes: Collection[str],
    by: str,
    expires_at: datetime | None = None,
    rows_cap: int | None = None,
) -> tuple[ApiKey, str]:
    """Return the new key's row and the key itself, which is nowhere kept.

    Raises InvalidInput for an unknown or no scope, or an end that has passed.
    """
    check_scopes(scopes)
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidInput.field("expires_at", "This time has passed. Give a later one, or none.")
    public = ids.random_text(12, BASE62)
    key = _with_checksum(f"ak_live_{public}_{ids.random_text(32, BASE62)}")
    row = ApiKey.objects.create(
        organisation=organisation,
        name=name.strip() or "unnamed",
        public=public,
        digest=_digest(key),
        scopes=sorted(set(scopes)),
        created_by=by,
        expires_at=expires_at,
        rows_cap=rows_cap,
    )
    audit.record(organisation=organisation, by=by, action="key.issued", target=row.id, name=row.name, scopes=row.scopes)
    return row, key


def check_scopes(scopes: Collection[str]) -> None:
    """Raises InvalidInput for an unknown scope, or none."""
    if not scopes or set(scopes) - set(Scope.values):
        raise InvalidInput.field("scopes", f"Name at least one of: {', '.join(Scope.values)}.")


@transaction.atomic
def cap(*, organisation: Organisation, key_id: str, rows: int | None, by: str) -> ApiKey:
    """Let the key have so many rows a month classified, or as many as the organisation. Raises NotFound."""
    row = get(organisation=organisation, key_id=key_id)
    before, row.rows_cap = row.rows_cap, rows
    row.save(update_fields=["rows_cap"])
    audit.record(organisation=organisation, by=by, action="key.capped", target=row.id, before=before, after=rows)
    return row


def get(*, organisation: Organisation, key_id: str) -> ApiKey:
    """Raises NotFound for another organisation's."""
    row = ApiKey.objects.filter(organisation=organisation, id=key_id).first()
    if row is None:
        raise NotFound
    return row


@transaction.atomic
def revoke(*, organisation: Organisation, key_id: str, by: str) -> None:
    """Refuse the key from now on. Raises NotFound for another organisation's."""
    row = get(organisation=organisation, key_id=key_id)
    if ApiKey.objects.filter(id=row.id, revoked_at=None).update(revoked_at=timezone.now()):
        audit.record(organisation=organisation, by=by, action="key.revoked", target=row.id, name=row.name)


def authenticate(key: str) -> ApiKey:
    """Return the key's row with its organisation and plan. Raises InvalidKey, saying why only where that is safe."""
    matched = PATTERN.fullmatch(key)
    if matched is None or _with_checksum(key[:-6]) != key:
        raise InvalidKey("This is not a key: it is too short, too long or mistyped. Copy it again.")
    row = ApiKey.objects.select_related("organisation__plan").filter(public=matched[1]).first()
    # An unknown key costs the same comparison as a wrong one.
    stored = row.digest if row else "0" * 64
    if not hmac.compare_digest(stored, _digest(key)) or row is None:
        raise InvalidKey
    if not row.is_valid:
        raise InvalidKey(OVER)
    if not row.organisation.is_active:
        raise InvalidKey("This organisation is suspended or deleted. Ask whoever runs this service.")
    return row


def is_use_due(row: ApiKey) -> bool:
    """Whether this row says of its last use what is longer ago than need be."""
    return row.last_used_at is None or row.last_used_at < datetime.now(UTC) - LAST_USED_STEP


def note_use(*rows: ApiKey) -> None:
    """Write down that these keys are in use: at most once a minute, whoever else sees them used."""
    due = [row for row in rows if is_use_due(row)]
    if not due:
        return
    now = timezone.now()
    old = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_STEP)
    ApiKey.objects.filter(old, id__in=[row.id for row in due]).update(last_used_at=now)
    for row in due:
        row.last_used_at = now


def _with_checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return body + digits


def _digest(key: str) -> str:
    return hmac.digest(settings.API_KEY_PEPPER.encode(), key.encode(), hashlib.sha256).hex()
