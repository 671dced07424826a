"""What is outside of the installation: the address that customers use, and the server that takes letters."""

import http.client
import os
import smtplib
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from saas import env
from saas.doctor.finding import Finding, missing, ok, warning
from saas.instance import Instance
from saas.place import PROGRAM

_SECONDS = 10.0
_SMTP = "ASSORT_SMTP_URL"


def examine(instance: Instance) -> Iterator[Finding]:
    yield _address(instance)
    yield _mail(is_production=instance.mode == "production")


def _address(instance: Instance) -> Finding:
    if instance.mode != "production":
        said = f"the service is in development mode, at {instance.url}"
        todo = f"for customers, {PROGRAM} up --public-url https://… behind a proxy with TLS."
        return warning("public url", said, todo)
    at = urlsplit(instance.url)
    connection = http.client.HTTPSConnection(at.hostname or "", at.port, timeout=_SECONDS)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except ssl.SSLError as error:
        return missing("public url", f"{instance.url} has no certificate that holds ({error})", "renew it.")
    except (OSError, http.client.HTTPException) as error:
        todo = "point its name here, and start the proxy; this machine may also be kept from its own public address."
        return warning("public url", f"{instance.url} does not answer ({error})", todo)
    finally:
        connection.close()
    if status != http.client.OK:
        todo = f"let the proxy hand everything on to 127.0.0.1:{instance.ports['web']}, and start the service."
        return warning("public url", f"{instance.url}/healthz answers {status}", todo)
    return ok("public url", f"{instance.url} answers, with a certificate that holds")


def _mail(*, is_production: bool) -> Finding:
    todo = f"{_SMTP}=smtp://user:password@host:587, and ASSORT_FROM_EMAIL."
    try:
        found = env.mail(_SMTP)
    except env.BadEnvironment as error:
        return missing("mail", str(error), todo)
    if not found.host:
        if is_production:
            return missing("mail", "no mail server is named, so nobody can confirm an address", todo)
        return ok("mail", "letters go to the logs, as is usual in development")
    where = f"{found.host}:{found.port}"
    try:
        _greet(found)
    except (OSError, smtplib.SMTPException) as error:
        said = f"the mail server {where} does not take us ({error})"
        return missing("mail", said, f"correct {_SMTP}, or open its port.")
    if found.user and not os.environ.get("ASSORT_FROM_EMAIL"):
        return warning(
            "mail", f"the mail server {where} takes us, but letters have no sender", "set ASSORT_FROM_EMAIL."
        )
    return ok("mail", f"the mail server {where} takes us")


def _greet(found: env.Mail) -> None:
    """Connect and log in as a letter would be sent, and send none."""
    context = ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(found.host, found.port, timeout=_SECONDS, context=context)
        if found.use_ssl
        else smtplib.SMTP(found.host, found.port, timeout=_SECONDS)
    ) as server:
        if found.use_tls:
            server.starttls(context=context)
        if found.user:
            server.login(found.user, found.password)
