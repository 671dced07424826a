import pytest

from classifier import evaluated
from classifier.models import EvaluatedRow, ModelVersion
from tenants.models import Organisation
from tests.classifier import rows

SAID = (("bug", "bug", 0.95), ("bug", "billing", 0.97), ("billing", "billing", 0.41), ("bug", "account", 0.45))


@pytest.fixture
def version(inside_acme: Organisation) -> ModelVersion:
    """A version that was tested on the first four rows, with these answers."""
    trained = rows.trained(inside_acme)
    trained.evaluated.all().delete()
    for number, (label, predicted, confidence) in enumerate(SAID, start=2):
        trained.evaluated.create(number=number, label=label, predicted=predicted, confidence=confidence)
    return trained


def test_the_surest_mistake_is_the_worst_and_the_surest_right_answer_the_best(version: ModelVersion) -> None:
    found = evaluated.find(version).order_by("-wrongness")
    assert [row.confidence for row in found] == [0.97, 0.45, 0.41, 0.95]


def test_rows_are_found_by_what_they_are_and_what_they_were_taken_for(version: ModelVersion) -> None:
    assert evaluated.find(version, label="bug", predicted="account").get().confidence == 0.45
    assert evaluated.find(version, only_wrong=True).count() == 2


def test_without_a_version_there_is_nothing(version: ModelVersion) -> None:
    assert EvaluatedRow.objects.exists()
    assert not evaluated.find(None).exists()


def test_answers_keep_their_order_and_get_their_rows(version: ModelVersion) -> None:
    behind = evaluated.behind(version.dataset, evaluated.find(version).order_by("-number"))
    assert [row.number for row in behind] == [5, 4, 3, 2]
    assert all(row.inputs is not None and "again" in row.inputs["text"] for row in behind)


def test_where_the_data_set_is_deleted_the_answers_are_left(version: ModelVersion) -> None:
    assert [row.inputs for row in evaluated.behind(None, evaluated.find(version))] == [None] * 4


def test_answers_are_gathered_by_how_sure_they_were(version: ModelVersion) -> None:
    low, high = evaluated.reliability(version)
    assert (low.low, low.rows, low.accuracy) == (0.4, 2, 0.5)
    assert (high.low, high.rows) == (0.9, 2)
    assert high.confidence == pytest.approx(0.96)


def test_an_answer_that_is_wholly_sure_belongs_to_the_last_step(version: ModelVersion) -> None:
    version.evaluated.update(confidence=1.0)
    assert [each.low for each in evaluated.reliability(version)] == [0.9]
