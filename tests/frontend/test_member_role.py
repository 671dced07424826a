from tenants.models import Membership, User
from tests.frontend.conftest import Studio, Visit, told


def membership(studio: Studio, user: User) -> Membership:
    return Membership.objects.get(organisation=studio.organisation, user=user)


def test_a_role_can_be_changed(send: Visit, alice: User, rita: User, studio: Studio) -> None:
    member = membership(studio, rita)
    send(alice, "member_role", member.pk, **{f"{member.pk}-role": "admin"})
    assert membership(studio, rita).role == "admin"


def test_the_last_owner_stays_owner(send: Visit, alice: User, studio: Studio) -> None:
    member = membership(studio, alice)
    page = send(alice, "member_role", member.pk, **{f"{member.pk}-role": "viewer"})
    assert "keeps at least one owner" in told(page)[0]
    assert membership(studio, alice).role == "owner"


def test_an_unknown_role_is_refused(send: Visit, alice: User, rita: User, studio: Studio) -> None:
    member = membership(studio, rita)
    page = send(alice, "member_role", member.pk, **{f"{member.pk}-role": "king"})
    assert told(page) == ["Name one of: owner, admin, member, viewer."]


def test_a_member_of_another_organisation_is_not_found(
    send: Visit, alice: User, carol: User, globex: object, studio: Studio
) -> None:
    stranger = Membership.objects.get(user=carol, organisation__slug=str(globex))
    assert send(alice, "member_role", stranger.pk, role="viewer").status_code == 404
