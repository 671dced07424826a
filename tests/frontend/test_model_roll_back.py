from classifier.models import Promotion
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, told


def test_the_champion_before_answers_again(send: Visit, bob: User, studio: Studio) -> None:
    page = send(bob, "model_roll_back", "letters")
    assert page.context["model"].champion.number == 1


def test_where_there_was_none_the_page_says_so(send: Visit, bob: User, studio: Studio, inside: Inside) -> None:
    with inside():
        Promotion.objects.filter(version__number=1).delete()
    page = send(bob, "model_roll_back", "letters")
    assert told(page) == ["There is no earlier champion to go back to."]
