from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, address, told, train


def test_the_champion_before_answers_again(send: Visit, bob: User, studio: Studio) -> None:
    page = send(bob, "model_roll_back", "letters")
    assert page.context["model"].champion.number == 1


def test_it_says_what_answers_now_and_how_to_take_it_back(send: Visit, bob: User, studio: Studio) -> None:
    page = send(bob, "model_roll_back", "letters")
    assert told(page) == ["Version 1 answers now. To take that back, promote version 2."]
    assert address(studio, "model_promote", "letters", 2) in page.text


def test_a_model_without_a_champion_has_none_to_go_back_to(
    send: Visit, bob: User, studio: Studio, inside: Inside
) -> None:
    with inside():
        train(studio.organisation, studio.dataset, "young")
    page = send(bob, "model_roll_back", "young")
    assert "has no version yet" in told(page)[0]
