from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from tenants.models import User
from tests.frontend.conftest import Studio, Visit


def test_the_newest_data_sets_are_listed_with_their_state(visit: Visit, rita: User, studio: Studio) -> None:
    page = visit(rita, "dataset_list")
    assert [dataset.name for dataset in page.context["datasets"]] == ["Too few", "Letters"]
    assert "rejected" in page.text
    assert "ready" in page.text
    assert "Upload rows" not in page.text


def test_where_there_are_none_a_file_is_asked_for_or_the_sample(
    globex: object, carol: User, client_of: Callable[[User], Client]
) -> None:
    text = client_of(carol).get(reverse("dataset_list", args=[str(globex)])).text
    assert f'action="{reverse("dataset_upload", args=[str(globex)])}"' in text
    assert f'action="{reverse("dataset_sample", args=[str(globex)])}"' in text
