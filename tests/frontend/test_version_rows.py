from classifier import registry
from classifier.models import EvaluatedRow, ModelVersion
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, address


def test_every_tested_row_is_shown_with_its_answer_and_its_text(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "version_rows", "letters", 1)
    behind = page.context["behind"]
    tested = page.context["version"].metrics["rows"]
    assert page.context["rows"].paginator.count == tested
    assert all(f"my {row.label} is wrong" in row.inputs["text"] for row in behind)


def test_the_worst_rows_are_the_surest_mistakes(visit: Visit, rita: User, studio: Studio, inside: Inside) -> None:
    with inside():
        unsure, sure = _mistaken(registry.get_version(studio.model, 1), 0.6, 0.9)
    behind = visit(rita, "version_rows", "letters", 1, order="worst").context["behind"]
    assert [row.number for row in behind[:2]] == [sure, unsure]
    assert behind[2].is_right
    assert behind[2].confidence <= behind[-1].confidence


def test_a_cell_of_the_matrix_leads_to_its_rows(visit: Visit, rita: User, studio: Studio, inside: Inside) -> None:
    with inside():
        (number,) = _mistaken(registry.get_version(studio.model, 1), 0.7)
        said = EvaluatedRow.objects.get(version__number=1, number=number)
    page = visit(rita, "version_rows", "letters", 1, label=said.label, predicted=said.predicted)
    assert [row.number for row in page.context["behind"]] == [number]


def test_only_mistakes_are_shown_where_the_address_says_so(visit: Visit, rita: User, studio: Studio) -> None:
    behind = visit(rita, "version_rows", "letters", 1, only="wrong").context["behind"]
    assert not any(row.is_right for row in behind)


def test_a_label_that_cannot_be_is_left_out(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "version_rows", "letters", 1, label="ca\0rd", order="sideways")
    assert page.context["rows"].paginator.count == page.context["version"].metrics["rows"]


def test_why_is_asked_of_the_champion_by_whoever_may(visit: Visit, rita: User, bob: User, studio: Studio) -> None:
    asks = f"{address(studio, 'try_it', 'letters')}?dataset={studio.dataset.id}&amp;row="
    assert asks in visit(bob, "version_rows", "letters", 2).text
    assert asks not in visit(rita, "version_rows", "letters", 2).text
    # Another version's answers are not those of the one that would be asked.
    assert asks not in visit(bob, "version_rows", "letters", 1).text


def test_of_a_deleted_data_set_the_labels_are_left(visit: Visit, rita: User, studio: Studio, inside: Inside) -> None:
    with inside():
        ModelVersion.objects.filter(model=studio.model, number=1).update(dataset=None)
    page = visit(rita, "version_rows", "letters", 1)
    assert "The data set is deleted" in page.text
    assert {row.label for row in page.context["behind"]} == {"card", "invoice"}


def _mistaken(version: ModelVersion, *confidences: float) -> list[int]:
    """Let the version have been wrong in some rows, and say in which."""
    rows = list(version.evaluated.order_by("number")[: len(confidences)])
    for row, confidence in zip(rows, confidences, strict=True):
        row.predicted = "invoice" if row.label == "card" else "card"
        row.confidence = confidence
        row.save()
    return [row.number for row in rows]
