from tenants.models import User
from tests.frontend.conftest import Studio, Visit, told


def test_a_key_is_capped_and_freed(send: Visit, alice: User, studio: Studio) -> None:
    key = studio.organisation.api_keys.get()
    assert told(send(alice, "key_cap", key.id, rows_cap="7")) == ["Saved. The cap holds within a second."]
    assert studio.organisation.api_keys.get().rows_cap == 7
    send(alice, "key_cap", key.id, rows_cap="")
    assert studio.organisation.api_keys.get().rows_cap is None


def test_what_is_no_number_of_rows_changes_nothing(send: Visit, alice: User, studio: Studio) -> None:
    key = studio.organisation.api_keys.get()
    assert told(send(alice, "key_cap", key.id, rows_cap="-1"))[0].startswith("Cap, in rows a month:")
    assert studio.organisation.api_keys.get().rows_cap is None
