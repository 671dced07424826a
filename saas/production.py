"""What an instance must have before strangers may reach it; in development nothing of this is asked."""

import os
from email.utils import parseaddr
from urllib.parse import urlsplit

from saas import env
from saas.instance import Instance, InstanceError

# Ours are far above this; it is for those that somebody wrote by hand.
_SHORTEST_SECRET, _FEWEST_CHARACTERS = 32, 10


def check(instance: Instance) -> None:
    """Raise InstanceError, which names everything that is to be set, unless the instance is ready for production."""
    if instance.mode != "production":
        return
    missing = [*_letters(), *_secrets(instance), *_servers(instance)]
    if missing:
        raise InstanceError(f"{instance.url} is a public address, and that takes more: {'; '.join(missing)}.")


def _letters() -> list[str]:
    missing = []
    try:
        if not env.mail("ASSORT_SMTP_URL").host:
            missing.append("set ASSORT_SMTP_URL to your mail server, such as smtp://user:password@mail.example:587")
    except env.BadEnvironment as error:
        missing.append(str(error).rstrip("."))
    sender = parseaddr(os.environ.get("ASSORT_FROM_EMAIL", ""))[1]
    if "@" not in sender or sender.endswith("@localhost"):
        missing.append("set ASSORT_FROM_EMAIL to the sender of letters, such as Assort <assort@example.com>")
    return missing


def _secrets(instance: Instance) -> list[str]:
    weak = [
        name
        for name, secret in instance.secrets.items()
        if len(secret) < _SHORTEST_SECRET or len(set(secret)) < _FEWEST_CHARACTERS
    ]
    advice = f"in {instance.data / 'secrets.json'} put 32 or more random characters for"
    return [f"{advice} {', '.join(weak)}"] if weak else []


def _servers(instance: Instance) -> list[str]:
    """Return which of the caller's servers would let in whoever reaches them."""
    given = {"DATABASE_URL": instance.database_url, "REDIS_URL": instance.redis_url}
    return [f"name a password in {name}" for name, url in given.items() if url and not urlsplit(url).password]
