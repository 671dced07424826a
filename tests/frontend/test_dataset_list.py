from tenants.models import User
from tests.frontend.conftest import Studio, Visit


def test_the_newest_data_sets_are_listed_with_their_state(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "dataset_list")
    assert [dataset.name for dataset in page.context["datasets"]] == ["Too few", "Letters"]
    assert "rejected" in page.text
    assert "ready" in page.text
