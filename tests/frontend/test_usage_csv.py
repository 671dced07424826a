import csv

from django.utils import timezone

from tenants.models import User
from tenants.records.models import Usage
from tests.frontend.conftest import Inside, Studio, Visit


def test_the_file_has_the_lines_of_the_page(visit: Visit, inside: Inside, rita: User, studio: Studio) -> None:
    today = timezone.now().date()
    with inside():
        Usage.objects.all().delete()  # What other tests have asked of it in the service.
        Usage.objects.create(day=today, model="letters", requests=2, rows=5)
    answer = visit(rita, "usage_csv")
    header, line = list(csv.reader(answer.text.splitlines()))
    assert header == ["day", "key", "model", "requests", "rows", "errors"]
    assert line == [today.isoformat(), "dashboard", "letters", "2", "5", "0"]
    assert f"usage-{studio.organisation.slug}-{today:%Y-%m}.csv" in answer.headers["Content-Disposition"]


def test_a_name_does_not_become_a_formula(visit: Visit, inside: Inside, rita: User, studio: Studio) -> None:
    studio.organisation.api_keys.update(name="=HYPERLINK()")
    key = studio.organisation.api_keys.get()
    with inside():
        Usage.objects.create(day=timezone.now().date(), api_key=key.id, requests=1)
    assert ",'=HYPERLINK()," in visit(rita, "usage_csv").text
