"""Passwords that are computed rather than stored.

Every login of an installation, and every worker's, is a keyed hash of what it is for. A process that
holds one of them can neither compute another nor the secret that both came from.
"""

import base64
import hashlib
import hmac


def derive(secret: str, *purpose: str) -> str:
    """Return 43 URL-safe characters for `purpose`, the HMAC-SHA256 of its parts under `secret`."""
    # The parts are length-prefixed: ("ab", "c") and ("a", "bc") must not meet.
    message = b"".join(b"%d:%s" % (len(part.encode()), part.encode()) for part in purpose)
    digest = hmac.digest(secret.encode(), message, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
