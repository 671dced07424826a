"""The token of the letter with which somebody came, kept while they make an account."""

from typing import cast

from django.http import HttpRequest

SESSION_KEY = "invitation"


def keep(request: HttpRequest, token: str) -> None:
    request.session[SESSION_KEY] = token


def kept(request: HttpRequest) -> str:
    """Return the token, or `""` for somebody who came without one, or was refused before there was a session."""
    return cast("str", getattr(request, "session", {}).get(SESSION_KEY, ""))


def forget(request: HttpRequest) -> None:
    request.session.pop(SESSION_KEY, None)
