from __future__ import annotations

import numpy as np

from classifier.ml import schema
from classifier.ml.columns import Columns, learn
from classifier.ml.schema import Column, Schema

from .conftest import records


def columns(**types: schema.ColumnType) -> Schema:
    return Schema("label", "table", tuple(Column(name, kind, 0, 9, ()) for name, kind in types.items()))


def learned(values: list[dict[str, object]], **types: schema.ColumnType) -> Columns:
    return learn(values, columns(**types))


def test_json_values_and_csv_strings_mean_the_same() -> None:
    found = learned([{"n": "1", "c": "3", "b": "true"}, {"c": "4"}], n="number", c="category", b="boolean")
    typed = found.dense([{"n": 3, "c": 3.0, "b": True}, {"n": 3.0, "c": 4, "b": False}, {"n": None, "c": ""}])
    written = found.dense([{"n": "3", "c": "3", "b": "true"}, {"n": " 3.0", "c": "4.0", "b": "no"}, {}])
    assert np.array_equal(typed, written, equal_nan=True)
    assert typed[0].tolist() == [0, 3, 1]


def test_what_is_not_known_or_not_parsable_is_missing() -> None:
    found = learned([{"c": "red"}], c="category", n="number", b="boolean", d="datetime")
    row = found.dense([{"c": "pink", "n": "many", "b": "perhaps", "d": "yesterday"}])[0]
    assert np.isnan(row).all()


def test_a_date_is_a_day_a_month_a_weekday_and_an_hour() -> None:
    found = learned([{"d": "1970-01-02T06:00"}], d="datetime")
    assert found.dense([{"d": "1970-01-02T06:00"}])[0, :5].tolist() == [1.25, 1, 4, 6, 2]


def test_december_is_next_to_january_and_midnight_to_eleven() -> None:
    found = learned([{"d": "1970-01-02"}], d="datetime")
    eve, year, summer = found.dense([{"d": "2023-12-31T23:30"}, {"d": "2024-01-01"}, {"d": "2024-07-01T12:00"}])[:, 5:]
    assert np.linalg.norm(eve - year) < np.linalg.norm(summer - year) / 2


def test_a_model_of_the_days_when_dates_had_four_numbers_still_sees_four() -> None:
    settings, arrays = learned([{"d": "1970-01-02T06:00"}], d="datetime").pack()
    del settings["date_parts"]
    found = Columns.unpack(columns(d="datetime"), settings, arrays)
    assert found.dense([{"d": "1970-01-02T06:00"}]).tolist() == [[1.25, 1, 4, 6]]


def test_categories_come_first_and_the_rarest_of_many_are_left_out() -> None:
    values: list[dict[str, object]] = [{"n": "1", "c": str(row // 2)} for row in range(600)]
    values.append({"c": "rare"})
    found = learned(values, n="number", c="category")
    assert found.fields == (("c", 0), ("n", 0))
    assert len(found.levels["c"]) == 254
    assert "rare" not in found.levels["c"]


def test_an_encoder_survives_being_packed() -> None:
    data = records(80)
    found = schema.infer(data)
    rows, _, _ = schema.examples(data, found)
    first = learn(rows, found)
    second = Columns.unpack(found, *first.pack())
    assert np.array_equal(first.dense(rows), second.dense(rows), equal_nan=True)
    assert (first.text(rows, "note") != second.text(rows, "note")).nnz == 0
