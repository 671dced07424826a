from __future__ import annotations

import cProfile
import json

from classifier.ml import report, schema
from classifier.ml.report import Finding
from classifier.ml.schema import Schema
from classifier.ml.table import Cell, Table

from .conftest import records, texts


def findings(data: Table, found: Schema | None = None) -> dict[str, Finding]:
    whole = report.report(data, found or schema.infer(data))
    return {finding["code"]: finding for finding in whole["findings"]}


def questions(*rows: tuple[Cell, Cell]) -> Table:
    data = texts(40)
    return Table(data.names, [*data.rows, *rows])


def test_good_data_has_no_warning() -> None:
    whole = report.report(texts(200), schema.infer(texts(200)))
    assert [finding for finding in whole["findings"] if finding["severity"] == "warning"] == []
    assert whole["rows"] == sum(whole["labels"].values()) == 200
    assert 0.9 < whole["balance"] <= 1


def test_incomplete_rows_are_found_by_number() -> None:
    found = findings(questions((None, "billing"), ("a question", None)))
    assert found["empty_rows"]["rows"] == [42]
    assert found["missing_labels"]["rows"] == [43]


def test_duplicates_conflicts_and_near_duplicates_are_told_apart() -> None:
    found = findings(
        questions(
            ("Where is it now", "account"),
            ("where is  it now", "account"),
            ("where is it now", "billing"),
            ("It: where is, now?", "billing"),
        )
    )
    assert found["duplicate_rows"]["rows"] == [43]
    assert found["conflicting_labels"]["rows"] == [44]
    assert found["near_duplicates"]["rows"] == [45]


def test_at_most_twenty_rows_are_listed_and_all_are_counted() -> None:
    found = findings(questions(*[("the same", "account")] * 31))["duplicate_rows"]
    assert (len(found["rows"]), found["count"]) == (20, 30)


def test_rare_and_dominant_labels_are_named() -> None:
    rows = [(f"text number {row}", "often") for row in range(200)] + [("one text", "rare"), ("a text", "rare")]
    found = findings(Table(("text", "label"), list(rows)))
    assert (found["rare_label"]["label"], found["rare_label"]["count"]) == ("rare", 2)
    assert (found["dominant_label"]["label"], found["dominant_label"]["count"]) == ("often", 200)


def test_identifiers_constants_and_sparse_columns_are_named() -> None:
    data = records(60)
    rows = [(str(i), "x", "a" if i < 9 else None, *row) for i, row in enumerate(data.rows)]
    found = findings(Table(("id", "same", "sparse", *data.names), rows))
    assert found["identifier_column"]["column"] == "id"
    assert found["constant_column"]["column"] in {"same", "sparse"}


def test_a_column_that_tells_the_label_is_named() -> None:
    data = records(300)
    rows = [(row[-1] and row[-1].upper(), *row) for row in data.rows]
    assert findings(Table(("outcome", *data.names), rows))["leaking_column"]["column"] == "outcome"
    numbers: list[tuple[Cell, ...]] = [("0.5" if row[-1] == "good" else "7", *row) for row in data.rows]
    assert findings(Table(("score", *data.names), numbers))["leaking_column"]["column"] == "score"
    assert "leaking_column" not in findings(data)


def test_cells_of_the_wrong_type_and_long_texts_are_found() -> None:
    data = records(300)
    data.rows[7] = ("a lot", *data.rows[7][1:])
    assert findings(data)["unparsable_cells"]["rows"] == [9]
    assert findings(questions(("word " * 3000, "account")))["long_texts"]["rows"] == [42]


def test_a_column_that_is_mostly_empty_is_named() -> None:
    data = records(100)
    note = data.names.index("note")
    data.rows[:60] = [(*row[:note], None, *row[note + 1 :]) for row in data.rows[:60]]
    assert findings(data)["mostly_missing"]["column"] == "note"


def test_a_report_is_json() -> None:
    data = records(100)
    whole = report.report(data, schema.infer(data))
    assert json.loads(json.dumps(whole)) == whole


def test_the_work_is_linear_in_the_rows() -> None:
    def calls(rows: int) -> int:
        data = records(rows)
        found = schema.infer(data)
        profile = cProfile.Profile()
        profile.runcall(report.report, data, found)
        return sum(entry.callcount for entry in profile.getstats())

    assert calls(8_000) < 5 * calls(2_000)
