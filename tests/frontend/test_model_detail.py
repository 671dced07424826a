from classifier import adopter, registry
from tenants.models import User
from tests.classifier import outside
from tests.frontend.conftest import Inside, Studio, Visit, address, train


def test_it_says_in_words_what_to_make_of_the_champion(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "model_detail", "letters")
    assert page.context["verdict"].text in page.text
    assert page.context["change"].text == "About the same as version 1 (+0.0 points)"
    assert {score["label"] for score in page.context["weakest"]} == {"card", "invoice"}
    assert [version.number for version in page.context["versions"]] == [2, 1]


def test_the_ten_worst_rows_are_one_click_away(visit: Visit, rita: User, studio: Studio) -> None:
    worst = f"{address(studio, 'version_rows', 'letters', 2)}?order=worst"
    assert f'href="{worst}"' in visit(rita, "model_detail", "letters").text


def test_a_model_without_a_version_says_what_is_missing(
    visit: Visit, rita: User, inside: Inside, studio: Studio
) -> None:
    with inside():
        train(studio.organisation, studio.dataset, "young")
    page = visit(rita, "model_detail", "young")
    assert "No version answers yet" in page.text
    assert "A training of this model is under way" in page.text


def test_a_member_is_offered_to_train_roll_back_and_promote_and_a_viewer_is_not(
    visit: Visit, bob: User, rita: User, studio: Studio
) -> None:
    offers = [address(studio, f"model_{verb}", "letters") for verb in ("train", "roll_back", "policy")]
    offers.append(address(studio, "model_promote", "letters", 1))
    for_member, for_viewer = (visit(person, "model_detail", "letters").text for person in (bob, rita))
    assert [offer for offer in offers if offer not in for_member] == []
    assert [offer for offer in offers if offer in for_viewer] == []


def test_roll_back_is_offered_where_there_is_an_earlier_champion(
    visit: Visit, bob: User, studio: Studio, inside: Inside
) -> None:
    assert "Roll back to version 1" in visit(bob, "model_detail", "letters").text
    with inside():
        registry.roll_back(model=studio.model, by="bob")
    assert "Roll back" not in visit(bob, "model_detail", "letters").text


def test_what_mlflow_asked_for_in_vain_stands_there_with_the_reason(
    visit: Visit, rita: User, studio: Studio, inside: Inside
) -> None:
    assert 'id="refused"' not in visit(rita, "model_detail", "letters").text
    with inside():
        job_id = outside.request(studio.organisation, model="letters", number=7, problem="Its files are gone.")
        adopter.adopt(job_id, tenant=studio.organisation.tenant)
    page = visit(rita, "model_detail", "letters")
    assert [(refusal.number, refusal.reason) for refusal in page.context["refusals"]] == [(7, "Its files are gone.")]
    assert "Its files are gone." in page.text


def test_a_champion_from_elsewhere_is_not_said_to_be_trained_here(
    visit: Visit, rita: User, studio: Studio, inside: Inside
) -> None:
    with inside():
        studio.model.versions.filter(number=2).update(mlflow_version=2)
    assert "registered in MLflow as version 2 and tested on" in visit(rita, "model_detail", "letters").text
    assert "in MLflow, as version 2" in visit(rita, "version_detail", "letters", 2).text
