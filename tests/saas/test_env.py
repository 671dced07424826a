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


def test_an_address_of_postgresql_says_how_tls_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "sslmode=verify-full&sslrootcert=/etc/assort/authority.pem"
    monkeypatch.setenv("DATABASE_URL", f"postgresql://me:p%40ss@db.example/assort?{said}")
    found = env.database("DATABASE_URL")
    assert (found["HOST"], found["NAME"], found["PASSWORD"]) == ("db.example", "assort", "p@ss")
    assert found["OPTIONS"] == {"sslmode": "verify-full", "sslrootcert": "/etc/assort/authority.pem"}


def test_the_certificate_of_the_broker_is_looked_at_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "rediss://me:p%40ss@broker.example:6380/0?ssl_ca_certs=/etc/authority.pem")
    looked_at = "rediss://me:p%40ss@broker.example:6380/0?ssl_cert_reqs=required&ssl_ca_certs=/etc/authority.pem"
    assert env.broker("REDIS_URL") == looked_at
    monkeypatch.setenv("REDIS_URL", "rediss://broker.example?ssl_cert_reqs=none")
    assert env.broker("REDIS_URL") == "rediss://broker.example?ssl_cert_reqs=none"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://broker.example?ssl_ca_certs=/etc/authority.pem", "says ssl_ca_certs, which means nothing here"),
        ("rediss://broker.example?ssl_certfile=/etc/own.pem", "says ssl_certfile, which means nothing here"),
        ("redis://broker.example/2", "another database than 0"),
        ("memcached://broker.example", "not of the form redis://"),
    ],
)
def test_an_address_of_the_broker_that_would_be_half_understood_is_refused(
    url: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(BadEnvironment, match=said):
        env.broker("REDIS_URL")


def test_an_address_of_postgresql_that_would_be_half_understood_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@db.example/assort?sslmode=require&pgbouncer=true")
    with pytest.raises(BadEnvironment, match="says pgbouncer, which means nothing here"):
        env.database("DATABASE_URL")
