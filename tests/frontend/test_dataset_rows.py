from tenants.models import User
from tests.frontend.conftest import Studio, Visit


def test_rows_come_in_the_order_of_the_file(visit: Visit, rita: User, studio: Studio) -> None:
    rows = visit(rita, "dataset_rows", studio.dataset.id).context["rows"]
    numbers = [row.number for row in rows]
    assert numbers == sorted(numbers)
    assert rows.paginator.count == 60


def test_a_count_of_a_label_leads_to_its_rows(visit: Visit, rita: User, studio: Studio) -> None:
    rows = visit(rita, "dataset_rows", studio.dataset.id, label="card").context["rows"]
    assert rows.paginator.count == 30
    assert {row.label for row in rows} == {"card"}


def test_a_label_that_cannot_be_has_no_rows(visit: Visit, rita: User, studio: Studio) -> None:
    assert "No such rows" in visit(rita, "dataset_rows", studio.dataset.id, label="ca\0rd?").text
