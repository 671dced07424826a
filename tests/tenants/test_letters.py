import pytest
from django.db import DatabaseError, connection, transaction

from tenants import accounts, isolation, letters
from tenants.models import Letter, Organisation
from tests import universe
from tests.classifier.processes import wait_until


def write(
    organisation: Organisation, about: str = "support", reason: str = "It is so.", kind: str = "rows_wait"
) -> None:
    with isolation.entered(organisation), connection.cursor() as cursor:
        cursor.execute("SELECT door.write_letter(%s, %s, %s)", [kind, about, reason])


def letters_of(organisation: Organisation) -> list[tuple[str, str]]:
    return list(Letter.objects.filter(tenant=organisation.tenant).order_by("id").values_list("kind", "about"))


def test_a_letter_is_the_writers_own(acme: Organisation, globex: Organisation) -> None:
    before = letters_of(globex)
    write(acme)
    assert letters_of(acme) == [("rows_wait", "support")]
    assert letters_of(globex) == before


def test_the_same_is_told_once_an_hour(acme: Organisation) -> None:
    write(acme)
    write(acme, reason="It is still so.")
    write(acme, about="sizes")
    write(acme, kind="training_failed")
    assert letters_of(acme) == [("rows_wait", "support"), ("rows_wait", "sizes"), ("training_failed", "support")]


def test_whoever_writes_without_end_is_heard_twenty_times_an_hour(acme: Organisation) -> None:
    for number in range(25):
        write(acme, about=f"model-{number}")
    assert len(letters_of(acme)) == 20


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "lottery"},
        {"about": "a\nBcc: everybody"},
        {"about": ""},
        {"about": "x" * 81},
        {"reason": "a\nb"},
        {"reason": "x" * 301},
    ],
    ids=str,
)
def test_what_is_no_letter_is_refused(acme: Organisation, wrong: dict[str, str]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        write(acme, **wrong)
    assert letters_of(acme) == []


def test_a_reason_of_several_lines_becomes_one(acme: Organisation) -> None:
    with isolation.entered(acme):
        letters.write(Letter.Kind.TRAINING_FAILED, about="support", reason="first\nsecond\x00\u202e  third" + "x" * 500)
    reason = Letter.objects.get(tenant=acme.tenant).reason
    assert reason.startswith("first second third")
    assert len(reason) == letters.REASON_LENGTH


def test_only_an_organisation_writes(db: None) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        letters.write(Letter.Kind.ROWS_WAIT, about="support", reason="It is so.")


@pytest.mark.parametrize("statement", ["SELECT count(*) FROM public.letter", "DELETE FROM public.letter"])
def test_no_organisation_reads_or_removes_any(acme: Organisation, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        isolation.entered(acme),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_deleted_organisation_leaves_no_letter(committed: None) -> None:
    made, _ = universe.organisation("Leaving", universe.person("lea"))
    write(made)
    accounts.delete(organisation=made, by="lea")
    wait_until(lambda: Organisation.objects.get(pk=made.pk).status == "deleted", 30)
    assert letters_of(made) == []
