from tenants import keys
from tenants.models import Organisation, User
from tests.frontend.conftest import Studio, Visit


def test_a_key_shows_its_use_against_its_cap(visit: Visit, alice: User, studio: Studio) -> None:
    key = studio.organisation.api_keys.get()
    keys.cap(organisation=studio.organisation, key_id=key.id, rows=1200, by="alice")
    page = visit(alice, "key_detail", key.id)
    assert "0 of 1,200" in page.text
    assert key.masked in page.text


def test_a_strangers_key_is_not_found(visit: Visit, alice: User, globex: Organisation) -> None:
    assert visit(alice, "key_detail", globex.api_keys.get().id).status_code == 404
