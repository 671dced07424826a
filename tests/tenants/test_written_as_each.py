"""What is written down of many organisations at a time: each row as the one it belongs to, or none of them."""

from datetime import date

import pytest
from django.db import ProgrammingError, connection, transaction

from tenants import isolation
from tenants.models import Organisation
from tenants.records.models import Usage
from tests import universe

NOTE = "INSERT INTO records_usage (day, api_key, model, requests, rows, errors) VALUES (%s, '', current_user, 1, 1, 0)"
DAY = date(2020, 1, 1)


@pytest.fixture
def two(committed: None) -> list[Organisation]:
    return [universe.organisation(name, universe.person(name.lower()))[0] for name in ("Penny", "Quill")]


def noted_by(organisation: Organisation) -> list[str]:
    with isolation.entered(organisation):
        return list(Usage.objects.filter(day=DAY).values_list("model", flat=True))


def current_user() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


def test_each_statement_runs_as_its_organisation(two: list[Organisation]) -> None:
    isolation.write_as_each((each, NOTE, [DAY]) for each in two)
    assert [noted_by(each) for each in two] == [[f"t_{each.tenant}"] for each in two]
    assert current_user() == "assort_web"


def test_a_statement_cannot_reach_the_one_before_it(two: list[Organisation]) -> None:
    theirs = NOTE.replace("records_usage", f"{isolation.schema(two[0].tenant)}.records_usage")
    with pytest.raises(ProgrammingError, match="permission denied"):
        isolation.write_as_each([(two[0], NOTE, [DAY]), (two[1], theirs, [DAY])])
    assert [noted_by(each) for each in two] == [[], []]
    assert current_user() == "assort_web"


def test_within_an_organisation_or_a_transaction_it_is_a_mistake(two: list[Organisation]) -> None:
    with isolation.entered(two[0]), pytest.raises(RuntimeError, match="already inside"):
        isolation.write_as_each([(two[1], NOTE, [DAY])])
    with transaction.atomic(), pytest.raises(RuntimeError, match="until the transaction ends"):
        isolation.write_as_each([(two[1], NOTE, [DAY])])
