"""The cast of the tests, built through the verb functions, so that every test begins in a reachable state.

Acme has an owner, Alice, a member, Bob, and a viewer, Rita. Carol owns Globex and is a stranger to Acme.
"""

from dataclasses import dataclass

from tenants import accounts, ids, keys
from tenants.models import Organisation, User
from tenants.permissions import Role, Scope

PASSWORD = "correct-horse-battery"


@dataclass(frozen=True)
class Universe:
    alice: User
    bob: User
    rita: User
    acme: Organisation
    acme_key: str
    carol: User
    globex: Organisation
    globex_key: str


def build() -> Universe:
    alice, bob, rita, carol = (person(name) for name in ("alice", "bob", "rita", "carol"))
    acme, acme_key = organisation("Acme", alice)
    globex, globex_key = organisation("Globex", carol)
    accounts.add_member(organisation=acme, user=bob, role=Role.MEMBER)
    accounts.add_member(organisation=acme, user=rita, role=Role.VIEWER)
    return Universe(alice, bob, rita, acme, acme_key, carol, globex, globex_key)


def person(name: str) -> User:
    """Make somebody whom no other test knows."""
    return accounts.register(email=f"{name}-{ids.random_text(6)}@example.test", password=PASSWORD, name=name.title())


def organisation(name: str, owner: User, plan: str = "unmetered") -> tuple[Organisation, str]:
    """Found an organisation with a key of all scopes; the provisioner of the running service makes what it needs."""
    slug = f"{name.lower()}-{ids.random_text(6)}"
    made = accounts.found(name=name, slug=slug, owner=owner, plan=plan)
    return made, keys.issue(organisation=made, name="tests", scopes=Scope.values, by=owner.email)[1]
