import pytest

from classifier import rows as looking
from classifier.rows import Wanted
from tenants.models import Organisation
from tests.classifier import rows


def test_words_are_looked_for_in_any_case_and_as_they_are(inside_acme: Organisation) -> None:
    dataset = rows.ready(inside_acme)
    found = looking.page(dataset, Wanted(words="The INVOICE"), size=100)
    assert len(found.rows) == 4
    assert looking.page(dataset, Wanted(words="the % and"), size=100).rows == []


def test_a_column_with_a_number_for_its_name_is_searched_as_well(inside_acme: Organisation) -> None:
    text = rows.MESSAGES.replace("text,label", "7,label", 1)
    dataset = rows.ready(inside_acme, text)
    assert len(looking.page(dataset, Wanted(words="the invoice"), size=100).rows) == 4


def test_a_search_looks_through_so_many_rows_and_says_where_it_goes_on(
    inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, wanted = rows.ready(inside_acme), Wanted(words="crash")
    all_at_once = looking.page(dataset, wanted, size=100)
    monkeypatch.setattr(looking, "SEARCHED", 25)
    found: list[int] = []
    last: int | None = 0
    while last is not None:
        page = looking.page(dataset, wanted, after=last, size=3)
        found += [row.number for row in page.rows]
        last = page.last
    assert found == [row.number for row in all_at_once.rows]
    assert len(found) == 8
