"""Who may do what: scopes of a key, roles of a person. Nothing here knows HTTP."""

from django.db import models


class Scope(models.TextChoices):
    """What an API key may do; a person's role grants the same words."""

    READ = "read"
    CLASSIFY = "classify"
    TRAIN = "train"
    ADMIN = "admin"


class Role(models.TextChoices):
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


ROLE_SCOPES: dict[str, frozenset[Scope]] = {
    Role.OWNER: frozenset(Scope),
    Role.ADMIN: frozenset(Scope),
    Role.MEMBER: frozenset({Scope.READ, Scope.CLASSIFY, Scope.TRAIN}),
    Role.VIEWER: frozenset({Scope.READ}),
}


def role_grants(role: str, scope: Scope) -> bool:
    return scope in ROLE_SCOPES[role]
