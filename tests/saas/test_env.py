import pytest

from saas import env
from saas.env import BadEnvironment, Mail

NAME = "ASSORT_SMTP_URL"


def test_without_a_mail_server_letters_go_to_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    assert env.mail(NAME).backend.endswith("console.EmailBackend")


def test_a_mail_server_that_takes_a_password_is_spoken_to_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "smtp://me:p%40ss@mail.example")
    smtp = Mail("django.core.mail.backends.smtp.EmailBackend", "mail.example", 587, "me", "p@ss", use_tls=True)
    assert env.mail(NAME) == smtp


@pytest.mark.parametrize(
    ("url", "port", "ssl", "tls"),
    [("smtps://mail.example", 465, True, False), ("smtp://localhost:1025", 1025, False, False)],
)
def test_the_scheme_says_how(url: str, port: int, ssl: bool, tls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, url)
    found = env.mail(NAME)
    assert (found.port, found.use_ssl, found.use_tls) == (port, ssl, tls)


@pytest.mark.parametrize("url", ["mail.example:25", "http://mail.example", "smtp://"])
def test_an_address_that_is_none_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, url)
    with pytest.raises(BadEnvironment, match="smtp://user:password"):
        env.mail(NAME)


def test_passwords_of_workers_are_read_and_none_is_there_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.passwords("ASSORT_WORKER_PASSWORDS") == {}
    given = '{"0123456789abcdef": {"postgres": "one", "broker": "two"}}'
    monkeypatch.setenv("ASSORT_WORKER_PASSWORDS", given)
    assert env.passwords("ASSORT_WORKER_PASSWORDS") == {"0123456789abcdef": {"postgres": "one", "broker": "two"}}


@pytest.mark.parametrize(
    "said", ["my-secret", '["my-secret"]', '{"a": "my-secret"}', '{"a": {"postgres": "my-secret"}}']
)
def test_passwords_that_are_none_are_refused_and_not_repeated(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSORT_WORKER_PASSWORDS", said)
    with pytest.raises(BadEnvironment, match="Print this host's secret anew") as refused:
        env.passwords("ASSORT_WORKER_PASSWORDS")
    assert "my-secret" not in str(refused.value)
