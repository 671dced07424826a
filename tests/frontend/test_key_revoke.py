import pytest

from tenants import keys
from tenants.errors import InvalidKey
from tenants.models import User
from tests.frontend.conftest import Studio, Visit


def test_a_revoked_key_is_refused(send: Visit, alice: User, studio: Studio) -> None:
    row, key = keys.issue(organisation=studio.organisation, name="leaked", scopes=["read"], by="alice")
    assert "revoked" in send(alice, "key_revoke", row.id).text
    with pytest.raises(InvalidKey):
        keys.authenticate(key)


def test_a_key_of_another_organisation_is_not_found(send: Visit, alice: User, globex_key: str) -> None:
    stranger = keys.authenticate(globex_key)
    assert send(alice, "key_revoke", stranger.id).status_code == 404
    assert keys.authenticate(globex_key).is_valid
