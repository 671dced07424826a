from django.test import Client

from tenants.models import User
from tests.frontend.conftest import Studio, Visit, address, told


def test_a_viewer_may_go(send: Visit, visit: Visit, rita: User) -> None:
    assert told(send(rita, "member_leave")) == ["You have left Studio."]
    assert visit(rita, "organisation_home").status_code == 404


def test_the_last_owner_stays(send: Visit, alice: User, studio: Studio) -> None:
    assert "keeps at least one owner" in told(send(alice, "member_leave"))[0]
    assert studio.organisation.memberships.filter(user=alice).exists()


def test_nobody_is_made_to_go_by_a_forged_form(db: None, rita: User, studio: Studio) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(rita)
    assert browser.post(address(studio, "member_leave")).status_code == 403
    assert studio.organisation.memberships.filter(user=rita).exists()
