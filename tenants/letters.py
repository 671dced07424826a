"""What the entered organisation's admins are to hear by mail. Whoever writes it never learns their addresses."""

from django.db import connection

from tenants.models import Letter

REASON_LENGTH = 300


def write(kind: Letter.Kind, *, about: str, reason: str) -> None:
    """Have the postman tell the admins, after the commit. The same within an hour is told once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT door.write_letter(%s, %s, %s)", [str(kind), about, one_line(reason)])


def write_about_rows(*, about: str, percent: int, reason: str) -> None:
    """Have the postman tell the admins that so many per cent of a month's rows are used; once a month."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT door.write_quota_letter(%s, %s, %s)", [about, percent, one_line(reason)])


def one_line(text: str) -> str:
    """Return a reason without what could break up a letter, and not too long; it may quote a file's own words."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:REASON_LENGTH]
