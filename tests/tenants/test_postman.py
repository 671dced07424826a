"""The postman works here with its own login, on rows that are committed; the service's own one rests meanwhile."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from smtplib import SMTPServerDisconnected
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from tenants import accounts, emails, isolation, letters, postman
from tenants.models import Letter, Membership, Organisation, User
from tests import universe
from tests.service import Service


@pytest.fixture
def resting(service: Service) -> Iterator[None]:
    pid = service.pid_of("postman")
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


@pytest.fixture
def owner(committed: None) -> User:
    return universe.person("peggy")


@pytest.fixture
def letter(resting: None, owner: User) -> Letter:
    """A letter to an organisation with an owner, an admin, a member, and an admin who was deactivated."""
    made, _ = universe.organisation("Sterling", owner)
    for name, role in (("adam", "admin"), ("mona", "member"), ("gone", "admin")):
        accounts.add_member(organisation=made, user=universe.person(name), role=role)
    User.objects.filter(email__startswith="gone-", memberships__organisation=made).update(is_active=False)
    with isolation.entered(made):
        letters.write(Letter.Kind.VERSION_WAITS, about="support", reason="Not promoted: it is worse.")
    return Letter.objects.get(tenant=made.tenant)


@pytest.fixture
def as_postman(service: Service, letter: Letter) -> Iterator[None]:
    """This process with the postman's login."""
    given = urlsplit(service.instance.environment("postman")["DATABASE_URL"])
    own = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD")}
    connection.close()
    connection.settings_dict.update(USER=given.username, PASSWORD=unquote(given.password or ""))
    yield
    connection.close()
    connection.settings_dict.update(own)


def read(letter: Letter) -> Letter:
    return Letter.objects.get(pk=letter.pk)


def addressed(letter: Letter) -> list[str]:
    """Return the first parts of the addresses of everybody who got it."""
    subject = "A new version of support waits for you"
    return sorted(sent.to[0].split("-")[0] for sent in mail.outbox if sent.subject == subject)


def deliver() -> None:
    while postman.deliver_next():
        pass


@pytest.mark.usefixtures("as_postman")
def test_owners_and_admins_get_a_letter_each_with_a_link_to_the_model(letter: Letter, service: Service) -> None:
    deliver()
    assert addressed(letter) == ["adam", "peggy"]
    slug = Organisation.objects.values_list("slug", flat=True).get(pk=letter.tenant)
    body = mail.outbox[-1].body
    assert "Not promoted: it is worse." in body
    assert f"{service.url}/o/{slug}/models/support/" in body
    assert read(letter).sent_at is not None


@pytest.mark.usefixtures("as_postman")
def test_whom_the_server_refused_is_tried_again_later_and_nobody_twice(
    letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_adam(**given: Any) -> int:
        if given["recipient_list"][0].startswith("adam"):
            raise SMTPServerDisconnected
        return mail.send_mail(**given)

    with monkeypatch.context() as patched:
        patched.setattr(emails, "send_mail", refuse_adam)
        deliver()
    assert addressed(letter) == ["peggy"]
    assert timedelta(seconds=50) < read(letter).due_at - timezone.now() < timedelta(seconds=70)
    Letter.objects.filter(pk=letter.pk).update(due_at=timezone.now())
    deliver()
    assert addressed(letter) == ["adam", "peggy"]


@pytest.mark.usefixtures("as_postman")
def test_the_pauses_grow(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**given: Any) -> int:
        raise TimeoutError

    monkeypatch.setattr(emails, "send_mail", refuse)
    pauses = []
    for _ in range(12):
        Letter.objects.filter(pk=letter.pk).update(due_at=timezone.now())
        deliver()
        pauses.append(round((read(letter).due_at - timezone.now()).total_seconds() / 60))
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240, 240]


@pytest.mark.usefixtures("as_postman")
def test_a_letter_that_could_not_be_sent_for_a_day_is_given_up_with_a_word(
    letter: Letter, caplog: pytest.LogCaptureFixture
) -> None:
    Letter.objects.filter(pk=letter.pk).update(created_at=timezone.now() - timedelta(hours=25))
    postman.forget_old()
    assert not Letter.objects.filter(pk=letter.pk).exists()
    assert f"gave up letter {letter.pk}" in caplog.text


@pytest.mark.usefixtures("as_postman")
def test_a_sent_letter_is_kept_for_a_week(letter: Letter) -> None:
    Letter.objects.filter(pk=letter.pk).update(sent_at=timezone.now() - timedelta(days=6))
    postman.forget_old()
    assert Letter.objects.filter(pk=letter.pk).exists()
    Letter.objects.filter(pk=letter.pk).update(sent_at=timezone.now() - timedelta(days=8))
    postman.forget_old()
    assert not Letter.objects.filter(pk=letter.pk).exists()


def test_a_suspended_organisations_letters_wait(letter: Letter, request: pytest.FixtureRequest) -> None:
    accounts.suspend(organisation=Organisation.objects.get(pk=letter.tenant))
    request.getfixturevalue("as_postman")
    deliver()
    assert read(letter).attempts == 0


@pytest.mark.usefixtures("as_postman")
def test_it_reads_addresses_and_no_password_key_or_row(letter: Letter) -> None:
    assert Membership.objects.filter(organisation=letter.tenant).values_list("user__email").count() == 4
    target = connection.get_connection_params()
    with psycopg.connect(**{name: target[name] for name in ("host", "port", "dbname", "user", "password")}) as opened:
        for statement in (
            'SELECT password FROM public."user"',
            "SELECT digest FROM public.api_key",
            f"SELECT * FROM t_{letter.tenant}.classifier_dataset",
            f"SET ROLE t_{letter.tenant}",
            "INSERT INTO public.letter (tenant) VALUES ('x')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), opened.transaction():
                opened.execute(statement)
