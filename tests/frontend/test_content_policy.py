"""No page has a script or style in itself, and each tells the browser to refuse one."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from saas import content_policy
from saas.instance import ROOT
from tenants.models import User
from tests.frontend.conftest import Studio, Visit, address
from tests.frontend.test_access import PAGES, arguments

INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\bsrc=)(?![^>]*application/json)", re.I)
TEMPLATES = sorted((ROOT / "frontend" / "templates").rglob("*.html"))


def policy_of(answer: object) -> dict[str, str]:
    text: str = answer.headers["Content-Security-Policy"]  # type: ignore[attr-defined]  # a response
    return dict(part.split(" ", 1) for part in text.split("; "))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_nothing_inline(template: Path) -> None:
    assert INLINE.findall(template.read_text()) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_the_policy_also_when_it_is_refused(page: str, studio: Studio, rita: User, visit: Visit) -> None:
    assert policy_of(visit(rita, page, *arguments(studio, page).values())) == content_policy.PAGES


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/accounts/signup/", "/nowhere"])
def test_so_have_the_pages_before_signing_in(path: str, db: None) -> None:
    assert policy_of(Client().get(path)) == content_policy.PAGES


def test_a_page_that_was_asked_for_with_a_forged_form_has_it(studio: Studio, alice: User, db: None) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    answer = browser.post(address(studio, "member_leave"))
    assert answer.status_code == 403
    assert policy_of(answer) == content_policy.PAGES


def test_no_policy_allows_what_stands_in_the_page() -> None:
    words = " ".join(content_policy.header(path) for path, _ in content_policy.POLICIES)
    assert "unsafe" not in words
    assert "*" not in words
    assert "http" not in words


def test_the_apis_answers_are_no_pages(db: None) -> None:
    assert policy_of(Client().get("/api/v1/me")) == {"default-src": "'none'", "frame-ancestors": "'none'"}


def test_the_page_of_the_api_has_its_script_in_a_file(db: None) -> None:
    page = Client().get(reverse("docs"))
    assert INLINE.findall(page.text) == []
    scripts = re.findall(r'<script src="([^"]+)"', page.text)
    assert all(source.startswith("/") for source in scripts)
    assert "SwaggerUIBundle" in Client().get(scripts[-1].replace("&amp;", "&")).text
