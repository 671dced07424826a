from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from classifier.ml import schema
from classifier.ml.errors import TableRejected
from classifier.ml.schema import Schema
from classifier.ml.table import Cell, Table

from .conftest import records, texts


def table(**columns: Sequence[Cell]) -> Table:
    return Table(tuple(columns), list(zip(*columns.values(), strict=True)))


def refusal(data: Table, **options: str) -> str:
    with pytest.raises(TableRejected) as refused:
        schema.infer(data, **options)
    return refused.value.problems[0].code


def test_types_are_inferred_from_the_values() -> None:
    found = schema.infer(records(200))
    types = {column.name: column.type for column in found.features}
    assert found.kind == "table"
    assert types == {
        "income": "number",
        "colour": "category",
        "member": "boolean",
        "since": "datetime",
        "note": "text",
    }


def test_a_single_text_column_makes_a_text_model() -> None:
    found = schema.infer(texts(40))
    assert (found.kind, found.label, [column.name for column in found.features]) == ("text", "label", ["text"])


def test_a_single_column_of_short_categories_makes_a_table() -> None:
    found = schema.infer(table(colour=["red", "blue"] * 10, label=["a", "b"] * 10))
    assert (found.kind, found.features[0].type) == ("table", "category")


def test_text_without_spaces_is_text() -> None:
    words = [f"我的卡还没有到{number}" for number in range(20)]
    assert schema.infer(table(text=words, label=["a", "b"] * 10)).kind == "text"


def test_a_named_text_column_leaves_the_others_aside() -> None:
    found = schema.infer(records(200), text="note")
    assert (found.kind, [column.name for column in found.features]) == ("text", ["note"])
    assert {column.name for column in found.ignored} == {"income", "colour", "member", "since"}


@pytest.mark.parametrize(
    ("names", "label"),
    [(("Target", "x", "LABEL"), "LABEL"), (("intent", "x", "y"), "intent"), (("x", "y", "z"), "z")],
)
def test_the_label_is_found_by_its_name_else_it_is_the_last(names: tuple[str, ...], label: str) -> None:
    data = Table(names, [("a", "b", "c"), ("b", "c", "d")] * 3)
    assert schema.infer(data).label == label


def test_missing_values_and_examples_are_counted() -> None:
    found = schema.infer(table(size=["1", None, "3", "1"], label=["a", "b", "a", "b"]))
    column = found.features[0]
    assert (column.missing, column.distinct, column.examples) == (1, 2, ("1", "3"))


def test_a_rare_typing_error_does_not_turn_numbers_into_text() -> None:
    sizes: list[Cell] = [*map(str, range(200)), "2o", "n/a"]
    found = schema.infer(table(size=sizes, other=["x", "y"] * 101, label=["a", "b"] * 101))
    assert found.features[0].type == "number"


def test_running_numbers_codes_and_constants_are_left_out() -> None:
    rows = range(40)
    data = table(
        id=[str(row) for row in rows],
        code=[f"A-{row}" for row in rows],
        same=["x"] * 40,
        size=[str(row % 7) for row in rows],
        label=["a", "b"] * 20,
    )
    found = schema.infer(data)
    assert [column.name for column in found.features] == ["size"]
    assert [column.name for column in found.ignored] == ["id", "code", "same"]


def test_a_table_nothing_can_be_learned_from_is_refused() -> None:
    ok = ["a", "b", "a"]
    assert refusal(table(text=ok, label=["x", "x", None])) == "one_label"
    assert refusal(table(text=ok, label=[None, None, None])) == "one_label"
    assert refusal(table(text=["a", "b", None], label=["x", "x", "y"])) == "one_label"
    assert refusal(table(text=ok, label=["x", "y", "z"])) == "labels_never_repeat"
    assert refusal(table(label=["x", "y", "x"])) == "no_feature"
    assert refusal(table(text=["a", "a", "a"], label=ok)) == "no_feature"
    assert refusal(table(text=ok, label=ok), label="topic") == "label_not_found"
    assert refusal(table(text=ok, label=ok), text="label") == "text_not_found"
    assert refusal(table(text=["a", "a", "a"], label=ok), text="text") == "no_feature"


def test_a_schema_survives_json() -> None:
    found = schema.infer(records(100), text="note")
    assert Schema.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_examples_are_the_rows_that_can_be_learned_from() -> None:
    data = table(text=["one", None, "two", "three"], label=["x", "y", None, " y "])
    found = Schema("label", "text", (schema.describe("text", data.column("text")),))
    assert schema.examples(data, found) == ([{"text": "one"}, {"text": "three"}], ["x", "y"], [2, 5])


def test_a_number_of_thousands_of_digits_is_a_typing_error_too() -> None:
    numbers = [*map(str, range(40)), "9" * 5_000]
    found = schema.infer(table(id=numbers, size=["1", "2"] * 20 + ["3"], label=["a", "b"] * 20 + ["a"]))
    assert [column.name for column in found.features] == ["id", "size"]


def test_one_stray_word_among_ten_numbers_is_a_typing_error() -> None:
    numbers = [str(each / 7) for each in range(9)]
    assert schema.describe("n", [*numbers, "many"]).type == "number"
    assert schema.describe("n", [*numbers[:5], "many"]).type != "number"
