from tenants.models import User
from tests.frontend.conftest import Visit


def test_everybody_sees_who_is_in_the_team(visit: Visit, rita: User, alice: User, bob: User) -> None:
    members = [member.user for member, _ in visit(rita, "team").context["members"]]
    assert members == [alice, bob, rita]


def test_only_admins_are_offered_changes(visit: Visit, rita: User, alice: User) -> None:
    assert "Send the invitation" not in visit(rita, "team").text
    assert "Send the invitation" in visit(alice, "team").text
