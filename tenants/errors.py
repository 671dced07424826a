"""What can go wrong between an organisation and this service.

    TenantError
    ├── InvalidInput           a value that the caller can mend; names the field
    ├── NotFound               no such object, or somebody else's: the answer is the same
    ├── Conflict               the object is not in a state that allows this
    ├── InvalidKey             no key, an unknown one, a revoked or an expired one
    ├── MissingScope           a valid key or role that does not reach this far
    ├── RateLimited            too many requests just now
    ├── QuotaExceeded          the plan's limit is reached
    ├── TooLarge               more bytes than the plan allows
    ├── Malformed              not the JSON, form or file that it says it is
    ├── UnsupportedMediaType   a form of body that this call does not take
    ├── MethodNotAllowed       a verb that this address does not know
    └── Unavailable            a part of the service does not answer; trying again helps

Each has a stable `code` and says what to do. Which HTTP status it becomes is decided in saas/api_errors.py.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

# What a system says of a disk that is full, or of a quota on it.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True)
class FieldError:
    """One field at fault. `pointer` is a JSON pointer (RFC 6901) into the request's body."""

    pointer: str
    code: str
    detail: str


class TenantError(Exception):
    code = "error"

    def __init__(self, detail: str, *, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class InvalidInput(TenantError):
    code = "invalid_input"

    @classmethod
    def field(cls, name: str, detail: str, code: str = "invalid") -> InvalidInput:
        return cls(detail, errors=(FieldError(f"/{name}", code, detail),))


class NotFound(TenantError):
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such object. Check the id, and that this key belongs to its organisation.")


class Conflict(TenantError):
    code = "conflict"


class InvalidKey(TenantError):
    code = "invalid_key"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or "Send a valid key as `Authorization: Bearer ak_live_…`.")


class MissingScope(TenantError):
    code = "missing_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope `{scope}`. Use a key, or a role, that has it.")
        self.scope = scope


class RetryLater(TenantError):
    """An error that passes by itself: `retry_after` is in seconds."""

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class RateLimited(RetryLater):
    code = "rate_limited"


class QuotaExceeded(RetryLater):
    code = "quota_exceeded"


class Unavailable(RetryLater):
    code = "unavailable"


def no_room() -> Unavailable:
    """Return what to raise where there is no room on the disk for what somebody sent."""
    return Unavailable(
        "There is no room on the disk just now. Try again later, or tell whoever runs this.", retry_after=60
    )


class TooLarge(TenantError):
    code = "too_large"


class Malformed(TenantError):
    code = "malformed"


class UnsupportedMediaType(TenantError):
    code = "unsupported_media_type"


class MethodNotAllowed(TenantError):
    code = "method_not_allowed"
