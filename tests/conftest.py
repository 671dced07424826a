from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client
from rest_framework.test import APIClient

from tenants import isolation, usage
from tenants.models import Organisation, User
from tests import universe
from tests.service import SERVICE, Service
from tests.universe import Universe


@pytest.fixture(scope="session")
def service() -> Service:
    """The running service, with every part of it."""
    SERVICE.start()
    return SERVICE


@pytest.fixture(scope="session")
def django_db_setup(service: Service) -> None:
    """The service's own database is the tests': made by the provisioner's code, used with the web's login."""


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Hash the passwords of people made here in one round; a hash says in how many, so the service can check it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PBKDF2PasswordHasher, "iterations", 1)
        yield


@pytest.fixture(autouse=True)
def _nothing_noted() -> Iterator[None]:
    """Forget what this process was asked for in a test, as the database does: else a later one would write it down."""
    yield
    usage._sheets.clear()


@pytest.fixture(scope="session")
def cast(django_db_setup: None, django_db_blocker: Any) -> Universe:
    with django_db_blocker.unblock():
        return universe.build()


@pytest.fixture
def committed(service: Service, django_db_blocker: Any) -> Iterator[None]:
    """The database without a transaction around the test, for one whose rows other processes must see."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def acme(db: None, cast: Universe) -> Organisation:
    return anew(cast.acme)


@pytest.fixture
def globex(db: None, cast: Universe) -> Organisation:
    return anew(cast.globex)


def anew(organisation: Organisation) -> Organisation:
    """Read it again, so that no test sees what another has changed in its object."""
    found: Organisation = Organisation.objects.select_related("plan").get(pk=organisation.pk)
    return found


@pytest.fixture
def inside_acme(acme: Organisation) -> Iterator[Organisation]:
    with isolation.entered(acme):
        yield acme


@pytest.fixture
def alice(db: None, cast: Universe) -> User:
    return cast.alice


@pytest.fixture
def bob(db: None, cast: Universe) -> User:
    return cast.bob


@pytest.fixture
def rita(db: None, cast: Universe) -> User:
    return cast.rita


@pytest.fixture
def carol(db: None, cast: Universe) -> User:
    return cast.carol


@pytest.fixture
def acme_key(cast: Universe) -> str:
    return cast.acme_key


@pytest.fixture
def globex_key(cast: Universe) -> str:
    return cast.globex_key


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """Return a browser in which this person is signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def api(db: None, acme_key: str) -> APIClient:
    """The API with Acme's key."""
    return api_client(acme_key)


@pytest.fixture
def stranger_api(db: None, globex_key: str) -> APIClient:
    """The API with Globex's key."""
    return api_client(globex_key)


def api_client(key: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {key}")


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    return messages(tmp_path)


def messages(folder: Path) -> Path:
    """Write sixty short messages of three labels, which a model learns well."""
    words = {
        "billing": "invoice charge refund payment",
        "account": "password login email profile",
        "bug": "crash error freeze broken",
    }
    lines = [
        f"the {first} and my {second} number {number},{label}"
        for label, vocabulary in words.items()
        for number in range(5)
        for first, second in zip(vocabulary.split(), reversed(vocabulary.split()), strict=True)
    ]
    path = folder / "messages.csv"
    path.write_text("text,label\n" + "\n".join(lines) + "\n")
    return path
