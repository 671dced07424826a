"""Somebody who comes by without a key: signs up on the pages, makes a key there, and goes without a trace."""

import re
import secrets

from saas.smoke.client import Browser, Clock, refusal_on
from saas.smoke.failures import Failed

KEY = re.compile(r"ak_live_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}")
SCOPES = ["read", "classify", "train", "admin"]
NEEDS_KEY = "Give a key of an organisation there: --key, or ASSORT_KEY in the environment."


class Visitor:
    def __init__(self, url: str, clock: Clock, name: str) -> None:
        self.browser = Browser(url, clock)
        self.name = name
        # No letter to it can ever arrive (RFC 2606).
        self.email = f"{name}@example.invalid"
        self.has_account = False
        self._password = secrets.token_urlsafe(24)

    def sign_up(self) -> None:
        """Make an account and its organisation."""
        if 'name="password1"' not in self.browser.open("/accounts/signup/"):
            raise Failed(f"nobody can sign up there without an invitation. {NEEDS_KEY}")
        fields = {"email": self.email, "password1": self._password, "organisation": self.name, "slug": self.name}
        # Whatever the answer is, there may be an account from now on.
        self.has_account = True
        page = self.browser.submit("/accounts/signup/", fields)
        if f"/o/{self.name}/" in page.url:
            return
        self.has_account = False
        if "/confirm-email/" in page.url:
            raise Failed(f"a letter is to be read first, so the account of {self.email} stays. {NEEDS_KEY}")
        raise Failed(f"{page.what}: {refusal_on(page)}")

    def make_key(self) -> str:
        page = self.browser.submit(f"/o/{self.name}/keys/create/", {"name": "smoke", "scopes": SCOPES})
        found = KEY.search(page.body.decode())
        if found is None:
            raise Failed(f"{page.what}: {refusal_on(page)}")
        return found[0]

    def delete_organisation(self) -> None:
        settings = f"/o/{self.name}/settings/"
        self.browser.submit(f"{settings}delete/", {"name": self.name}, on=settings)
        self.browser.ask("GET", settings).expect(404)

    def delete_account(self) -> None:
        page = self.browser.submit("/accounts/delete/", {"email": self.email})
        if 'name="email"' in page.body.decode():
            raise Failed(f"{page.what}: {refusal_on(page)}")
