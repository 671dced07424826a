from classifier import following
from classifier.models import Model
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, told


def model(inside: Inside) -> Model:
    with inside():
        return Model.objects.select_related("followed", "offered").get(name="letters")


def test_a_model_follows_what_it_was_trained_on(send: Visit, bob: User, studio: Studio, inside: Inside) -> None:
    page = send(bob, "model_follow", "letters", follow="automatic", dataset="", rows="10", every="7")
    assert told(page) == ["Saved."]
    followed = model(inside)
    assert (followed.follow, followed.follow_rows, followed.follow_every) == ("automatic", 10, 7)
    assert followed.followed == studio.dataset
    assert page.context["follow_form"]["rows"].value() == 10


def test_what_makes_no_sense_is_refused_with_the_reason(send: Visit, bob: User, inside: Inside) -> None:
    page = send(bob, "model_follow", "letters", follow="automatic", dataset="", rows="0", every="")
    assert "greater than or equal to 1" in told(page)[0]
    assert model(inside).follow == "off"


def test_rows_that_wait_are_offered_and_one_click_trains_on_them(
    send: Visit, visit: Visit, bob: User, rita: User, studio: Studio, inside: Inside
) -> None:
    with inside():
        Model.objects.filter(name="letters").update(offered=studio.dataset, follow="ask", followed=studio.dataset)
    assert "New rows wait in" in visit(rita, "model_detail", "letters").text
    assert "Train on them" not in visit(rita, "model_detail", "letters").text
    page = send(bob, "model_offer_accept", "letters")
    assert page.context["job"].dataset == studio.dataset
    assert model(inside).offered is None


def test_rows_that_are_not_wanted_are_not_offered_again(send: Visit, bob: User, studio: Studio, inside: Inside) -> None:
    with inside():
        Model.objects.filter(name="letters").update(offered=studio.dataset, follow="ask", followed=studio.dataset)
    assert "left alone" in told(send(bob, "model_offer_decline", "letters"))[0]
    with inside():
        following.look("letters")
    assert model(inside).offered is None


def test_an_offer_that_is_gone_is_told(send: Visit, bob: User) -> None:
    assert "No new rows wait" in told(send(bob, "model_offer_accept", "letters"))[0]
