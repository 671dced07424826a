"""What holds on every page, because a strict content policy is to come and everybody is to be able to use them."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from frontend.templatetags.pages import breakable
from tenants.models import User
from tests.frontend.conftest import Studio, Visit
from tests.frontend.test_access import PAGES, arguments

CHANGES = re.compile(
    r"hide|explain|delete|sample|cancel|revoke|promote|roll|policy|follow|offer"
    r"|invite|remove|role|leave|resend|withdraw|csv|_cap|model_train|_silence"
)
READABLE = [page for page in PAGES if not CHANGES.search(page)]
ACCOUNT = ["account_login", "account_signup", "account_reset_password", "home"]
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)(?![^>]*application/json)|https?://(?!127)")


def check(text: str) -> None:
    assert INLINE.search(text.replace("http://www.w3.org", "")) is None
    assert len(re.findall(r"<h1[ >]", text)) == 1
    labelled = set(re.findall(r'<label[^>]*for="([^"]+)"', text))
    fields = re.findall(r'<(?:input|select|textarea)(?![^>]*type="(?:hidden|checkbox|radio)")[^>]*id="([^"]+)"', text)
    assert set(fields) <= labelled


@pytest.mark.parametrize("page", [page for page in READABLE if page != "classification_detail"])
def test_a_page_has_one_heading_labelled_fields_and_nothing_inline(
    page: str, visit: Visit, alice: User, studio: Studio
) -> None:
    check(visit(alice, page, *arguments(studio, page).values()).text)


@pytest.mark.parametrize("page", ACCOUNT)
def test_so_have_the_pages_before_signing_in(page: str, db: None) -> None:
    check(Client().get(reverse(page)).text)


@pytest.mark.parametrize("page", ["account_email", "account_change_password", "mfa_index"])
def test_the_pages_of_an_account_share_the_layout(page: str, db: None, alice: User) -> None:
    client = Client()
    client.force_login(alice)
    answer = client.get(reverse(page))
    assert "Two-factor sign-in" in answer.text
    assert "frontend/assort." in answer.text


def test_a_long_label_may_break_between_its_words_and_stays_text() -> None:
    assert breakable("card_not<b>_working") == "card_<wbr>not&lt;b&gt;_<wbr>working"
