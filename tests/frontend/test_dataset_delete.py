from classifier.models import Dataset
from tenants.models import User
from tests.frontend.conftest import Inside, Studio, Visit, told, train


def test_a_deleted_data_set_is_gone(send: Visit, alice: User, studio: Studio, inside: Inside) -> None:
    page = send(alice, "dataset_delete", studio.rejected.id)
    assert told(page) == ["The data set Too few is gone."]
    with inside():
        assert not Dataset.objects.filter(id=studio.rejected.id).exists()


def test_one_that_a_training_reads_stays(send: Visit, alice: User, studio: Studio, inside: Inside) -> None:
    with inside():
        train(studio.organisation, studio.dataset)
    page = send(alice, "dataset_delete", studio.dataset.id)
    assert told(page) == ["A training reads this data set. Cancel it, or wait for its end."]
    assert page.context["dataset"] == studio.dataset


def test_looking_at_the_address_deletes_nothing(visit: Visit, alice: User, studio: Studio) -> None:
    assert visit(alice, "dataset_delete", studio.rejected.id).status_code == 405
