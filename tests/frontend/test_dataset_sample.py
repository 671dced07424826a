from tenants.models import User
from tests.frontend.conftest import Inside, Visit


def test_one_click_loads_the_sample(send: Visit, bob: User, inside: Inside) -> None:
    page = send(bob, "dataset_sample")
    dataset = page.context["dataset"]
    assert (dataset.name, dataset.created_by) == ("Support messages (sample)", bob.email)
    with inside():
        dataset.delete()


def test_looking_at_its_address_loads_nothing(visit: Visit, bob: User) -> None:
    assert visit(bob, "dataset_sample").status_code == 405
