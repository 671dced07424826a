from tenants import audit
from tenants.models import User
from tests.frontend.conftest import Inside, Visit


def test_the_newest_stands_first_with_who_did_what_to_whom(visit: Visit, inside: Inside, alice: User) -> None:
    with inside():
        audit.record(by="bob", action="model.deleted", target="<old>", reason="worse")
    page = visit(alice, "audit")
    newest = page.context["events"][0]
    assert (newest.actor, newest.action, newest.target) == ("bob", "model.deleted", "<old>")
    assert "&lt;old&gt;" in page.text
    assert "reason: worse" in page.text


def test_what_led_here_is_in_it(visit: Visit, alice: User) -> None:
    page = visit(alice, "audit")
    assert "key.issued" in page.text
    assert "model.promoted" in page.text


def test_it_goes_on_with_the_next_page(visit: Visit, inside: Inside, alice: User) -> None:
    with inside():
        for number in range(30):
            audit.record(by="bob", action="key.issued", target=str(number))
    assert "?page=2" in visit(alice, "audit").text
    assert visit(alice, "audit", page=2).context["events"].number == 2
