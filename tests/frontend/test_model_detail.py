import json
import shlex

from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, train


def test_it_shows_how_good_the_champion_is(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "model_detail", "letters")
    assert page.context["figures"][0].name == "Accuracy"
    assert {score["label"] for score in page.context["scores"]} == {"card", "invoice"}
    assert [version.number for version in page.context["versions"]] == [2, 1]


def test_the_command_to_paste_asks_this_model_with_an_input_it_takes(visit: Visit, rita: User) -> None:
    words = shlex.split(visit(rita, "model_detail", "letters").context["example"].replace("\\\n", ""))
    assert words[1].endswith("/api/v1/models/letters/classify")
    assert isinstance(json.loads(words[-1])["inputs"][0], str)


def test_a_model_without_a_version_says_what_is_missing(
    visit: Visit, rita: User, inside: Inside, studio: Studio
) -> None:
    with inside():
        train(studio.organisation, studio.dataset, "young")
    assert "No version answers yet" in visit(rita, "model_detail", "young").text


def test_roll_back_is_offered_where_there_is_an_earlier_champion(
    visit: Visit, rita: User, studio: Studio, inside: Inside
) -> None:
    assert visit(rita, "model_detail", "letters").context["can_roll_back"]
    with inside():
        train(studio.organisation, studio.dataset, "young")
    assert not visit(rita, "model_detail", "young").context["can_roll_back"]
