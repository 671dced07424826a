from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from tenants import accounts, keys
from tenants.errors import InvalidInput, InvalidKey, NotFound
from tenants.models import ApiKey, Organisation


def issue(
    organisation: Organisation, scopes: tuple[str, ...] = ("read",), expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    return keys.issue(organisation=organisation, name="k", scopes=scopes, by="alice", expires_at=expires_at)


def test_a_key_has_the_published_form(acme: Organisation) -> None:
    row, key = issue(acme)
    assert keys.PATTERN.fullmatch(key)
    assert key.startswith(f"ak_live_{row.public}_")


def test_a_key_is_not_kept_in_the_database(acme: Organisation) -> None:
    row, key = issue(acme)
    secret = key.split("_")[3]
    kept = " ".join(str(value) for value in ApiKey.objects.filter(pk=row.pk).values_list()[0])
    assert secret not in kept


def test_a_key_names_its_organisation(acme: Organisation, globex: Organisation) -> None:
    _, key = issue(globex)
    assert keys.authenticate(key).organisation == globex


@pytest.mark.parametrize("mistake", ["", "ak_live_", "x" * 58, "ak_live_" + "0" * 12 + "_" + "0" * 38])
def test_what_is_no_key_is_refused_without_a_look_up(db: None, mistake: str) -> None:
    with pytest.raises(InvalidKey, match="mistyped"):
        keys.authenticate(mistake)


def test_one_mistyped_character_is_noticed_by_the_checksum(acme: Organisation) -> None:
    _, key = issue(acme)
    mistyped = key[:30] + ("a" if key[30] != "a" else "b") + key[31:]
    with pytest.raises(InvalidKey, match="mistyped"):
        keys.authenticate(mistyped)


def test_a_key_of_the_right_form_and_the_wrong_secret_is_refused(acme: Organisation) -> None:
    row, key = issue(acme)
    forged = keys._with_checksum(f"ak_live_{row.public}_{'0' * 32}")
    with pytest.raises(InvalidKey, match="Send a valid key"):
        keys.authenticate(forged)
    assert keys.authenticate(key) == row


def test_a_revoked_key_is_refused(acme: Organisation) -> None:
    row, key = issue(acme)
    keys.revoke(organisation=acme, key_id=row.id, by="alice")
    with pytest.raises(InvalidKey, match="revoked"):
        keys.authenticate(key)


def test_a_stranger_cannot_revoke_a_key(acme: Organisation, globex: Organisation) -> None:
    row, key = issue(acme)
    with pytest.raises(NotFound):
        keys.revoke(organisation=globex, key_id=row.id, by="alice")
    assert keys.authenticate(key) == row


def test_an_expired_key_is_refused(acme: Organisation) -> None:
    row, key = issue(acme, expires_at=timezone.now() + timedelta(hours=1))
    ApiKey.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(InvalidKey, match="expired"):
        keys.authenticate(key)


def test_the_keys_of_a_suspended_organisation_are_refused(acme: Organisation) -> None:
    _, key = issue(acme)
    accounts.suspend(organisation=acme)
    with pytest.raises(InvalidKey, match="suspended"):
        keys.authenticate(key)


@pytest.mark.parametrize("scopes", [(), ("read", "fly")])
def test_a_key_needs_known_scopes(acme: Organisation, scopes: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as raised:
        issue(acme, scopes=scopes)
    assert raised.value.errors[0].pointer == "/scopes"


def test_the_last_use_is_noted_once_a_minute(acme: Organisation) -> None:
    row, _ = issue(acme)
    keys.note_use(row)
    row.refresh_from_db()
    first = row.last_used_at
    keys.note_use(row)
    row.refresh_from_db()
    assert first is not None
    assert row.last_used_at == first
