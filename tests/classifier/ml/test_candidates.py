from __future__ import annotations

import pytest

from classifier.ml.candidates import worth_trying
from classifier.ml.schema import Column, Schema

TEXT = Schema("label", "text", (Column("text", "text", 0, 9, ()),))
TABLE = Schema("label", "table", (Column("size", "number", 0, 9, ()),))


def names(schema: Schema, rows: int, labels: int, quality: str = "auto") -> list[str]:
    return [
        candidate.name
        for candidate in worth_trying(
            schema, names=[str(label) for label in range(labels)], counts=[rows // labels] * labels, quality=quality
        )
    ]


@pytest.mark.parametrize("schema", [TEXT, TABLE])
def test_several_are_tried_and_fast_takes_the_linear_one(schema: Schema) -> None:
    assert len(names(schema, 5_000, 10)) >= 3
    assert names(schema, 5_000, 10, "fast") == names(schema, 5_000, 10)[:1]
    assert names(schema, 5_000, 10, "best") == names(schema, 5_000, 10)


def test_more_rows_and_labels_leave_time_for_fewer() -> None:
    assert len(names(TEXT, 10_000, 1_000)) == 1
    assert names(TEXT, 50_000, 1_000) == ["linear on words, C=1", "discriminant on words and characters"]
    assert names(TEXT, 500_000, 1_000) == ["discriminant on words and characters"]
    assert names(TABLE, 10_000, 1_000) == ["linear, C=1"]


def test_an_unknown_quality_is_refused() -> None:
    with pytest.raises(ValueError, match="fast, auto, best"):
        names(TEXT, 10, 2, "superb")
