from classifier.models import ModelVersion
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, address, told


def version(inside: Inside) -> ModelVersion:
    with inside():
        return ModelVersion.objects.get(model__name="letters", number=1)


def test_a_page_says_what_can_be_promised_before_anything_is_set(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "version_detail", "letters", 1)
    assert "It gives every answer" in page.text
    assert [promise.goal for promise in page.context["promises"]] == [0.9, 0.95, 0.98, 0.99]
    assert 'method="post" action="' + address(studio, "version_silence", "letters", 1) not in page.text


def test_what_a_goal_takes_is_shown_and_nothing_changed(
    visit: Visit, bob: User, studio: Studio, inside: Inside
) -> None:
    page = visit(bob, "version_detail", "letters", 1, goal="55")
    assert [promise.goal for promise in page.context["promises"] if promise.is_asked] == [0.55]
    assert 'aria-label="Apply 55.0' in page.text
    assert version(inside).threshold is None


def test_a_goal_that_is_no_share_is_named(visit: Visit, bob: User, studio: Studio) -> None:
    page = visit(bob, "version_detail", "letters", 1, goal="3")
    assert list(page.context["silence_form"].errors) == ["goal"]
    assert not any(promise.is_asked for promise in page.context["promises"])


def test_what_is_foreign_is_refused_until_it_is_switched_off(
    send: Visit, bob: User, studio: Studio, inside: Inside
) -> None:
    with inside():
        ModelVersion.objects.filter(model__name="letters", number=1).update(scope_rows=100)
    assert "are refused for it" in send(bob, "version_silence", "letters", 1, foreign="5").text
    assert version(inside).scope_refused == 0.05
    send(bob, "version_silence", "letters", 1, foreign="")
    assert version(inside).scope_refused is None


def test_somebody_who_may_not_train_changes_nothing(send: Visit, rita: User, studio: Studio, inside: Inside) -> None:
    assert send(rita, "version_silence", "letters", 1, goal="50").status_code == 403
    assert version(inside).threshold is None


def test_what_is_chosen_is_kept_and_said(send: Visit, bob: User, studio: Studio, inside: Inside) -> None:
    page = send(bob, "version_silence", "letters", 1, goal="50")
    assert told(page) == ["Saved. It holds within seconds."]
    assert version(inside).threshold == 0.0
    assert "It gives no label below a confidence of" in page.text
    send(bob, "version_silence", "letters", 1, foreign="")
    assert version(inside).threshold == 0.0
    send(bob, "version_silence", "letters", 1, goal="")
    assert version(inside).threshold is None


def test_a_goal_that_cannot_be_reached_is_refused_with_the_most_that_can(
    send: Visit, bob: User, studio: Studio, inside: Inside
) -> None:
    page = send(bob, "version_silence", "letters", 1, goal="99.9", foreign="")
    assert "The most is" in told(page)[0]
    assert version(inside).threshold is None


def test_what_is_no_share_is_refused(send: Visit, bob: User, studio: Studio, inside: Inside) -> None:
    assert "greater than or equal to 50" in told(send(bob, "version_silence", "letters", 1, goal="3", foreign=""))[0]
    assert version(inside).threshold is None
