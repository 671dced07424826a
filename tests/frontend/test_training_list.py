from tenants.models import User
from tests.frontend.conftest import Studio, Visit


def test_trainings_are_listed_with_what_came_of_them(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "training_list")
    assert page.context["jobs"][0] == studio.job
    assert [job.version.number for job in page.context["jobs"]] == [2, 1]
