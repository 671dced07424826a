import pytest
from django.core import mail

from tenants import emails
from tenants.models import Letter


@pytest.mark.parametrize(
    ("kind", "about", "subject", "text"),
    [
        (
            "half_used",
            "plan",
            "Half used: the plan's rows of this month",
            "When none are left",
        ),
        ("most_used", "organisation", "80 % used: the rows of your own cap of this month", "When none are left"),
        (
            "all_used",
            "key_1",
            "Used up: the rows of a key's cap of this month",
            "requests to classify with this key",
        ),
    ],
)
def test_a_letter_about_rows_says_which_limit_and_what_happens(kind: str, about: str, subject: str, text: str) -> None:
    letter = Letter(kind=kind, about=about, reason="5 rows are used.")
    emails.send(letter, "alice@example.test", slug="acme")
    sent = mail.outbox[-1]
    assert sent.subject == subject
    assert text in sent.body
    assert "5 rows are used." in sent.body
    assert "/o/acme/plan/" in sent.body
