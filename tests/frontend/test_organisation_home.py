from collections.abc import Callable
from datetime import date

from django.test import Client
from django.urls import reverse

from frontend.presenters.activity import rows_per_day
from tenants.models import Organisation, User
from tenants.records.models import Usage
from tests.frontend.conftest import Studio, Visit


def test_it_shows_the_newest_of_everything(visit: Visit, alice: User, studio: Studio) -> None:
    page = visit(alice, "organisation_home")
    assert [dataset.name for dataset in page.context["datasets"]] == ["Too few", "Letters"]
    assert page.context["jobs"][0] == studio.job
    assert page.context["models"] == [studio.model]


def test_who_has_nothing_yet_can_ask_a_model_and_drop_a_file_at_once(
    client_of: Callable[[User], Client], carol: User, globex: Organisation
) -> None:
    page = client_of(carol).get(reverse("organisation_home", args=[globex.slug]))
    assert "Ask assort.support" in page.text
    assert 'type="file"' in page.text


def test_it_offers_what_its_reader_may_do(visit: Visit, alice: User, rita: User, studio: Studio) -> None:
    assert "Upload rows" in visit(alice, "organisation_home").text
    page = visit(rita, "organisation_home")
    assert "Upload rows" not in page.text
    assert "Train a model" not in page.text


def test_the_chart_stacks_the_rows_of_each_day_by_model() -> None:
    first, last = date(2026, 11, 30), date(2026, 12, 2)
    used = [
        Usage(day=first, model="mail", api_key="key_a", rows=2),
        Usage(day=first, model="mail", api_key="key_b", rows=3),
        Usage(day=last, model="chat", rows=1),
        Usage(day=last, model="quiet", errors=9),
    ]
    assert rows_per_day(used, first=first, last=last) == {
        "kind": "bars",
        "x": ["30 Nov", "1 Dec", "2 Dec"],
        "series": [{"name": "chat", "data": [0, 0, 1]}, {"name": "mail", "data": [5, 0, 0]}],
    }
