"""Names that people choose for an organisation, and the slug in its address."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from tenants.errors import InvalidInput

SLUG_PATTERN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
# First parts of addresses, and words with which somebody could pose as the service itself.
RESERVED = frozenset(
    {
        *("about", "account", "accounts", "admin", "api", "app", "assort", "auth", "billing", "blog", "contact"),
        *(
            "dashboard",
            "docs",
            "favicon",
            "healthz",
            "help",
            "home",
            "internal",
            "legal",
            "login",
            "logout",
            "me",
            "new",
        ),
        *("o", "operator", "operators", "owner", "password", "postgres", "privacy", "public", "readyz", "register"),
        *("robots", "root", "schema", "security", "settings", "shared", "sign-in", "sign-up", "signin", "signup"),
        *("static", "status", "support", "system", "team", "terms", "test", "usage", "www"),
    }
)


def check_name(name: str) -> str:
    """Return the name without outer spaces. Raises InvalidInput when it is empty, too long or could deceive."""
    name = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(name) <= 100:
        raise InvalidInput.field("name", "Give a name of 1 to 100 characters.")
    # Controls, invisible joiners and marks that turn the reading direction (categories C*).
    if any(unicodedata.category(character).startswith("C") for character in name):
        raise InvalidInput.field("name", "This name has an invisible character in it. Type it again.")
    if len(_alphabets(name)) > 1:
        raise InvalidInput.field("name", "This name mixes alphabets whose letters look alike. Use one of them.")
    return name


def check_slug(slug: str) -> str:
    """Return the slug. Raises InvalidInput that says which rule it breaks."""
    if not slug.isascii():
        raise InvalidInput.field("slug", "The address takes only the letters a to z, digits and hyphens.")
    if not SLUG_PATTERN.fullmatch(slug):
        detail = "Use 1 to 40 of a-z, 0-9 and hyphens, with no hyphen at either end."
        raise InvalidInput.field("slug", detail)
    if slug in RESERVED:
        raise InvalidInput.field("slug", f"The address {slug!r} is reserved. Choose another.")
    return slug


def check_email(email: str) -> None:
    """Raises InvalidInput for what cannot be an address."""
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInput.field("email", f"{email!r} is no e-mail address.") from None


def suggest_slug(name: str) -> str:
    """Return a slug made of the name's letters and digits, or `""` where it has none that an address can carry."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:40].strip("-")


def _alphabets(name: str) -> set[str]:
    """Return which of the alphabets with interchangeable-looking letters the name uses (Unicode UTS #39)."""
    names = (unicodedata.name(character, "") for character in name if character.isalpha())
    return {word for word in (full.split(" ")[0] for full in names) if word in {"LATIN", "CYRILLIC", "GREEK"}}
