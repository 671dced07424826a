import pytest

from tenants.models import Organisation, User
from tests.frontend.conftest import Studio, Visit, told


def cap(studio: Studio) -> int | None:
    kept: int | None = Organisation.objects.values_list("rows_cap", flat=True).get(pk=studio.organisation.pk)
    return kept


def test_a_cap_is_set_and_taken_away(send: Visit, alice: User, studio: Studio) -> None:
    assert told(send(alice, "plan_cap", rows_cap="5000")) == ["Saved. The cap holds within a second."]
    assert cap(studio) == 5000
    send(alice, "plan_cap", rows_cap="")
    assert cap(studio) is None


@pytest.mark.parametrize("wrong", ["-1", "many", "9" * 30])
def test_what_is_no_number_of_rows_changes_nothing(wrong: str, send: Visit, alice: User, studio: Studio) -> None:
    assert told(send(alice, "plan_cap", rows_cap=wrong))[0].startswith("Cap, in rows a month:")
    assert cap(studio) is None
