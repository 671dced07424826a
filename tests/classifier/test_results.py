import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from classifier import inference, later, results
from classifier.models import Answer, Classification
from classifier.results import Answered, Keeping, Wanted
from tenants.errors import InvalidInput, NotFound
from tenants.models import Organisation
from tests.classifier import rows

TUESDAY = datetime(2026, 3, 3, 12, tzinfo=UTC)
KEPT_LONG = 10_000 * results.DAY


def answered(number: int = 1, *labels: str | None, at: datetime | None = None, **named: Any) -> Answered:
    """Return a request, as the gateway sends it, that was answered with these labels."""
    asked = {
        "id": f"cls_{number:020d}",
        "model": "support",
        "version": 1,
        "inputs": [f"text {index}" for index in range(len(labels))],
        "top_k": 1,
        "explain": False,
        "api_key": "key_of_nobody",
        "keep_seconds": KEPT_LONG,
        "keep_inputs": False,
    }
    found: list[dict[str, Any]] = [
        {"index": index, "label": label, "confidence": 0.5 + index / 10, "scores": []}
        for index, label in enumerate(labels)
    ]
    return Answered(asked | named, {"version": 1, "results": found, "warnings": []}, at or timezone.now())


def numbers(wanted: Wanted) -> list[int]:
    return sorted(int(kept.pk.removeprefix("cls_")) for kept in results.find(wanted))


@pytest.fixture
def three(inside_acme: Organisation) -> None:
    """Three requests: of an invoice and a crash, of a password by another model, and one of a Tuesday."""
    results.record(
        [
            answered(1, "billing", "bug"),
            answered(2, "account", model="other"),
            answered(3, "billing", at=TUESDAY),
        ]
    )


def test_an_answer_is_kept_with_what_it_was_asked_by(inside_acme: Organisation) -> None:
    results.record([answered(1, "billing", "bug")])
    kept = inference.get(f"cls_{1:020d}")
    assert (kept.status, kept.model, kept.version, kept.api_key) == ("succeeded", "support", 1, "key_of_nobody")
    assert kept.results is not None
    assert [result["label"] for result in kept.results] == ["billing", "bug"]


def test_inputs_are_kept_only_where_the_organisation_says_so(inside_acme: Organisation) -> None:
    results.record([answered(1, "bug"), answered(2, "bug", keep_inputs=True)])
    assert inference.get(f"cls_{1:020d}").inputs is None
    assert inference.get(f"cls_{2:020d}").inputs == ["text 0"]


def test_a_batch_is_written_in_one_statement(inside_acme: Organisation, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        results.record([answered(number, *(["bug"] * 5)) for number in range(100)])
    assert (Classification.objects.count(), Answer.objects.count()) == (100, 500)


def test_a_message_that_came_twice_is_kept_once(inside_acme: Organisation) -> None:
    results.record([answered(1, "bug")])
    results.record([answered(1, "bug"), answered(2, "bug")])
    assert Answer.objects.count() == 2


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), [1, 2, 3]),
        (Wanted(model="other"), [2]),
        (Wanted(id=f"cls_{2:020d}"), [2]),
        (Wanted(id="cls_none"), []),
        (Wanted(label="billing"), [1, 3]),
        (Wanted(label=""), []),
        (Wanted(day=date(2026, 3, 3)), [3]),
        (Wanted(day=date(2026, 3, 4)), []),
        (Wanted(confidence_min=0.55), [1]),
        (Wanted(label="billing", confidence_min=0.55), []),
        (Wanted(confidence_max=0.4), []),
        (Wanted(day=date.max), []),
    ],
)
def test_what_was_answered_is_found(three: None, wanted: Wanted, found: list[int]) -> None:
    assert numbers(wanted) == found


def test_an_abstention_has_no_label(inside_acme: Organisation) -> None:
    results.record([answered(1, None), answered(2, "bug")])
    assert numbers(Wanted(label="")) == [1]


def test_answers_come_newest_first_and_go_on_after_the_last(three: None) -> None:
    everything = list(results.answers(Wanted()))
    assert everything[-1].classification_id == f"cls_{3:020d}"
    rest = list(results.answers(Wanted(), after=everything[1].pk))
    assert [answer.pk for answer in rest] == [answer.pk for answer in everything[2:]]
    assert not results.answers(Wanted(), after=0).exists()


def test_an_answer_comes_with_its_own_input(inside_acme: Organisation) -> None:
    results.record([answered(1, "billing", "bug", keep_inputs=True)])
    told = {answer.index: answer.input for answer in results.answers(Wanted())}  # type: ignore[attr-defined]  # annotated
    assert told == {0: "text 0", 1: "text 1"}


def test_what_has_expired_is_not_found_and_then_deleted(inside_acme: Organisation) -> None:
    before = timezone.now() - timedelta(hours=25)
    results.record([answered(1, "bug", at=before, keep_seconds=results.DAY), answered(2, "bug")])
    assert numbers(Wanted()) == [2]
    with pytest.raises(NotFound):
        inference.get(f"cls_{1:020d}")
    assert results.forget_expired() == 1
    assert set(Answer.objects.values_list("classification_id", flat=True)) == {f"cls_{2:020d}"}


def test_more_is_deleted_than_fits_in_one_statement(inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "DELETED_AT_ONCE", 3)
    results.record([answered(number, "bug", at=TUESDAY, keep_seconds=1) for number in range(7)])
    assert results.forget_expired() == 7
    assert not Answer.objects.exists()


def test_a_request_that_waits_is_never_deleted(inside_acme: Organisation) -> None:
    rows.trained(inside_acme)
    accepted = later.accept(later.Later(model="support", version=1, inputs=["a"], top_k=1, explain=False, api_key=""))
    Classification.objects.filter(pk=accepted.pk).update(expires_at=TUESDAY)
    assert results.forget_expired() == 0
    assert inference.get(accepted.id).inputs == ["a"]


@pytest.mark.parametrize(("retention", "seconds"), [("off", 0), ("24h", 86_400), ("30d", 2_592_000)])
def test_what_is_kept_is_what_the_organisation_says(acme: Organisation, retention: str, seconds: int) -> None:
    acme.retention, acme.keep_inputs = retention, True
    assert results.keeping(acme) == Keeping(seconds, inputs=True)


@pytest.mark.parametrize(
    ("request_", "reply", "kept"),
    [
        ({"keep_seconds": 86_400}, {}, True),
        ({"keep_seconds": 0}, {}, False),
        ({}, {}, False),
        ({"keep_seconds": 86_400}, {"error": {"code": "not_found"}}, False),
    ],
)
def test_neither_an_error_nor_what_is_not_wanted_is_kept(request_: dict[str, Any], reply: Any, kept: bool) -> None:
    assert results.is_kept(request_, reply) is kept


def test_one_that_is_asked_for_later_is_kept_for_a_day_at_least() -> None:
    assert Keeping(0).for_later() == timedelta(days=1)
    assert Keeping(30 * results.DAY).for_later() == timedelta(days=30)


# --- CSV -------------------------------------------------------------------------------------------------------------


def table(wanted: Wanted) -> list[dict[str, str]]:
    with results.as_csv(wanted) as file:
        return list(csv.DictReader(io.StringIO(file.read().decode(), newline="")))


def test_a_csv_has_a_row_an_answer(three: None) -> None:
    rows = table(Wanted(model="support"))
    assert [(row["id"][-1], row["index"], row["label"]) for row in rows] == [
        ("1", "1", "bug"), ("1", "0", "billing"), ("3", "0", "billing")
    ]  # fmt: skip
    assert rows[-1]["time"] == "2026-03-03T12:00:00+00:00"
    assert rows[-1]["confidence"] == "0.5"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(inside_acme: Organisation, text: str) -> None:
    results.record([answered(1, text, inputs=[text], keep_inputs=True)])
    [row] = table(Wanted())
    assert (row["label"], row["input"]) == (f"'{text}", f"'{text}")


def test_a_row_of_a_table_is_json_in_its_cell(inside_acme: Organisation) -> None:
    results.record([answered(1, "bug", inputs=[{"größe": 1}], keep_inputs=True)])
    assert table(Wanted())[0]["input"] == '{"größe": 1}'


def test_where_the_model_abstained_is_found_apart(three: None) -> None:
    results.record([answered(4, "bug", None), answered(5, "no answer")])
    assert numbers(Wanted(abstained=True)) == [4]
    assert numbers(Wanted(abstained=False)) == [1, 2, 3, 4, 5]  # Of the fourth, another input was answered.
    assert numbers(Wanted(abstained=True, model="other")) == []


def test_a_csv_says_where_there_is_no_answer(inside_acme: Organisation) -> None:
    results.record([answered(1, "bug", None), answered(2, "no answer")])
    told = {(row["id"][-1], row["index"]): (row["label"], row["abstained"]) for row in table(Wanted())}
    assert told == {
        ("1", "0"): ("bug", "false"),
        ("1", "1"): ("no answer", "true"),
        ("2", "0"): ("no answer", "false"),
    }


def test_a_csv_is_whole_or_refused(three: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "CSV_ROWS", 4)
    assert len(table(Wanted())) == 4
    monkeypatch.setattr(results, "CSV_ROWS", 3)
    with pytest.raises(InvalidInput, match="one day"):
        results.as_csv(Wanted())
