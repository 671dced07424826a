from datetime import timedelta

from django.utils import timezone

from tenants import keys
from tenants.models import ApiKey, User
from tests.frontend.conftest import Studio, Visit


def test_a_new_key_works_and_is_shown_once(send: Visit, visit: Visit, alice: User, studio: Studio) -> None:
    page = send(alice, "key_create", name="ci", scopes=["read", "train"], lifetime="")
    key = page.context["key"]
    assert keys.authenticate(key).scopes == ["read", "train"]
    assert key in page.text
    assert "no-store" in page.headers["Cache-Control"]
    assert key not in visit(alice, "key_list").text


def test_a_key_can_be_given_an_end(send: Visit, alice: User, studio: Studio) -> None:
    send(alice, "key_create", name="soon over", scopes=["read"], lifetime="30")
    left = ApiKey.objects.get(name="soon over", organisation=studio.organisation).expires_at
    assert left is not None
    assert timedelta(days=29) < left - timezone.now() <= timedelta(days=30)


def test_a_key_without_a_scope_is_refused_at_its_field(send: Visit, alice: User) -> None:
    assert "scopes" in send(alice, "key_create", name="ci").context["form"].errors
