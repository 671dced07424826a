"""System checks: settings with which isolation would not hold. What the servers allow is asked in tenants/boot.py."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Error, Tags, register

# Setting, the value it must have, and why.
REQUIRED: list[tuple[str, str, Any, str]] = [
    ("tenants.E001", "DEBUG", False, "a debug page shows settings and rows to whoever causes an error"),
    ("tenants.E002", "TENANT_LIMIT_SET_CALLS", False, "a search path that is remembered outlives a rollback"),
    ("tenants.E003", "SHOW_PUBLIC_IF_NO_TENANT_FOUND", False, "an unknown organisation must not be shown `public`"),
    ("tenants.E004", "CELERY_ACCEPT_CONTENT", ["json"], "whoever can push a pickle can run code in the worker"),
    ("tenants.E005", "CELERY_WORKER_ENABLE_REMOTE_CONTROL", False, "remote control crosses organisations"),
]
UNSET = {"TENANT_LIMIT_SET_CALLS": False, "SHOW_PUBLIC_IF_NO_TENANT_FOUND": False}


@register(Tags.security)
def settings_are_safe(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    return [
        Error(f"{name} is not {wanted!r}: {why}.", hint=f"Set {name} = {wanted!r}.", id=number)
        for number, name, wanted, why in REQUIRED
        if getattr(settings, name, UNSET.get(name)) != wanted
    ]


@register(Tags.security)
def secrets_differ(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    given = [settings.SECRET_KEY, settings.API_KEY_PEPPER, settings.LOGIN_SECRET, settings.FLEET_SECRET]
    known = [secret for secret in given if secret]
    if len(set(known)) == len(known):
        return []
    message = "Two of this process's secrets are the same: who learns one has the other."
    return [Error(message, hint="Give each a random value of its own.", id="tenants.E006")]


@register(Tags.database)
def apps_lie_in_one_place(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    both = set(settings.SHARED_APPS) & set(settings.TENANT_APPS)
    if not both:
        return []
    message = f"In `public` and in each organisation at once: {', '.join(sorted(both))}."
    return [Error(message, hint="Name each app in SHARED_APPS or in TENANT_APPS.", id="tenants.E007")]
