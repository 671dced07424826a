"""A service at a public address: the doors that development leaves open are shut. Over real HTTP.

The proxy that ends TLS is whoever asks from 127.0.0.1, and a stranger asks from 127.0.0.2, which is this machine, too.
"""

import json
from collections.abc import Iterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx2 as httpx
import pytest

from saas import commandline
from saas.instance import Instance
from tests.end_to_end.stranger import Browser
from tests.saas.letters import Letters, arriving
from tests.service import Service

HOST = "assort.example"
PUBLIC = f"https://{HOST}"
OWNER, GUEST, PASSWORD = "owner@example.test", "guest@example.test", "correct-horse-battery"
FORGED = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1", "Forwarded": "proto=https"}


@pytest.fixture(scope="module")
def letters() -> Iterator[Letters]:
    with arriving() as letters:
        yield letters


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory, letters: Letters) -> Iterator[Service]:
    environment = {"ASSORT_SMTP_URL": letters.url, "ASSORT_FROM_EMAIL": f"Assort <assort@{HOST}>"}
    data = tmp_path_factory.mktemp("public") / "data"
    service = Service(data, options=("--public-url", PUBLIC, "--no-encoder"), environment=environment)
    service.start()
    yield service
    service.stop()


def visitor(service: Service, address: str = "203.0.113.7", *, said: str = "") -> Browser:
    """Return the browser of somebody at this address, who says that of himself, behind the proxy."""
    browser = Browser(service.url)
    # The proxy has the TLS, so the cookies go on in the open.
    cookies = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
    chain = ", ".join(filter(None, [said, address]))
    headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": chain, "Origin": PUBLIC}
    browser.client = httpx.Client(
        base_url=service.url, cookies=cookies, headers=headers, follow_redirects=True, timeout=30
    )
    return browser


def stranger(service: Service) -> httpx.Client:
    """Return somebody who asks past the proxy."""
    return httpx.Client(base_url=service.url, transport=httpx.HTTPTransport(local_address="127.0.0.2"), timeout=30)


# --- What it takes to start ------------------------------------------------------------------------------------------


def refusal(data: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    assert commandline.main(["up", "--data", str(data), "--public-url", PUBLIC, *more]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


@pytest.fixture
def _with_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSORT_SMTP_URL", "smtp://mail.example")
    monkeypatch.setenv("ASSORT_FROM_EMAIL", "Assort <assort@assort.example>")
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def test_it_does_not_start_without_a_mail_server_and_a_sender(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(tmp_path, capsys)
    assert "set ASSORT_SMTP_URL" in said
    assert "set ASSORT_FROM_EMAIL" in said


@pytest.mark.usefixtures("_with_letters")
def test_nor_with_a_secret_that_can_be_guessed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secrets = Instance.create(tmp_path).secrets | {"pepper": "changeme" * 5}
    (tmp_path / "secrets.json").write_text(json.dumps(secrets))
    said = refusal(tmp_path, capsys)
    assert "secrets.json put 32 or more random characters for pepper." in said
    assert "changeme" not in said


@pytest.mark.usefixtures("_with_letters")
def test_nor_with_servers_that_let_everybody_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://cache.example:6379/0")
    assert "name a password in REDIS_URL" in refusal(tmp_path, capsys)


@pytest.mark.parametrize("url", ["https://assort.example/app", "assort.example", "https://me@assort.example"])
def test_a_public_address_is_scheme_and_host(tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commandline.main(["up", "--data", str(tmp_path), "--public-url", url])
    assert "argument --public-url" in capsys.readouterr().err


# --- What came in the open -------------------------------------------------------------------------------------------


def test_a_page_that_is_asked_for_in_the_open_leads_to_its_address_with_tls(public: Service) -> None:
    answer = httpx.get(f"{public.url}/accounts/login/?next=/o/acme/", headers={"Host": HOST})
    assert (answer.status_code, answer.headers["location"]) == (308, f"{PUBLIC}/accounts/login/?next=/o/acme/")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(("method", "path"), [("GET", "me"), ("POST", "models/x/classify"), ("POST", "datasets")])
def test_a_call_in_the_open_is_refused_and_not_led_on(public: Service, method: str, path: str) -> None:
    answer = httpx.request(method, f"{public.url}/api/v1/{path}", headers={"Host": HOST}, content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert "revoke it" in answer.json()["detail"]


def test_a_form_in_the_open_is_refused(public: Service) -> None:
    assert httpx.post(f"{public.url}/accounts/login/", headers={"Host": HOST}, data={"x": "y"}).status_code == 400


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_whoever_keeps_it_running_asks_in_the_open(public: Service, path: str) -> None:
    assert httpx.get(public.url + path).status_code == 200


@pytest.mark.parametrize("path", ["/accounts/login/", "/api/v1/me"])
def test_who_forges_the_proxys_headers_is_not_believed(public: Service, path: str) -> None:
    with stranger(public) as client:
        status = client.get(path, headers=FORGED).status_code
    assert status == (400 if path.startswith("/api/") else 308)


def test_another_host_is_refused(public: Service) -> None:
    with visitor(public).client as client:
        for path in ("/accounts/login/", "/api/v1/me", "/api/v1/models/x/classify"):
            assert client.get(path, headers={"Host": "evil.example"}).status_code == 400


# --- Through the proxy -----------------------------------------------------------------------------------------------


def test_a_page_sets_secure_cookies_and_asks_for_tls_from_now_on(public: Service) -> None:
    with visitor(public).client as client:
        page = client.get("/accounts/login/")
    assert page.status_code == 200
    assert "Secure" in page.headers["set-cookie"]
    assert page.headers["strict-transport-security"] == "max-age=31536000"


def test_a_call_is_answered(public: Service) -> None:
    with visitor(public).client as client:
        assert client.get("/api/v1/me").json()["code"] == "invalid_key"


def test_each_client_has_guesses_of_his_own_whoever_he_says_he_is(public: Service) -> None:
    def guess(address: str, number: int) -> int:
        browser = visitor(public, address, said=f"198.51.100.{number}")
        with browser.client:
            form = {"login": f"nobody{number}@example.test", "password": "wrong"}
            return browser.submit("/accounts/login/", **form).status_code

    assert any(guess("203.0.113.9", number) == 429 for number in range(40))
    assert guess("203.0.113.10", 1) == 200


def test_what_is_for_developers_is_not_there(public: Service) -> None:
    with visitor(public).client as client:
        assert client.get("/_components").status_code == 404
        assert "Traceback" not in client.get("/nowhere").text


# --- Who makes an account --------------------------------------------------------------------------------------------


def test_a_stranger_is_told_how_to_get_an_invitation(public: Service) -> None:
    with visitor(public).client as client:
        page = client.get("/accounts/signup/")
        assert "You need an invitation" in page.text
        assert 'name="password1"' not in page.text
        assert "/accounts/signup/" not in client.get("/").text


def test_the_invited_sign_up_and_confirm_their_address(public: Service, letters: Letters) -> None:
    made = public.create_organisation("Acme", OWNER)
    owner, guest = visitor(public), visitor(public, "203.0.113.8")
    with owner.client, guest.client:
        signed_in = owner.submit("/accounts/login/", login=OWNER, password=made["password"])
        assert "/accounts/confirm-email/" in str(signed_in.url)
        owner.submit(letters.link(OWNER, "/accounts/confirm-email/"))
        owner.submit("/accounts/login/", login=OWNER, password=made["password"])
        owner.submit("/o/acme/team/invite/", on="/o/acme/team/", email=GUEST, role="member")
        guest.client.get(letters.link(GUEST, "/invitations/"))
        signed_up = guest.submit("/accounts/signup/", email=GUEST, password1=PASSWORD)
        assert "/accounts/confirm-email/" in str(signed_up.url)
        assert guest.client.get("/o/acme/", follow_redirects=False).status_code == 302
        guest.submit(letters.link(GUEST, "/accounts/confirm-email/"))
        guest.submit("/accounts/login/", login=GUEST, password=PASSWORD)
        assert guest.client.get("/o/acme/", follow_redirects=False).status_code == 200
