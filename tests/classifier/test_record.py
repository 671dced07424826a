"""A version's record is read for the version that it is of, and for no other."""

import json

import pytest

from classifier.registrar import record
from classifier.registrar.record import RecordDamaged

ID, OTHER = f"mv_{'a' * 20}", f"mv_{'b' * 20}"


def content(**changed: object) -> bytes:
    said: dict[str, object] = {
        **{"id": ID, "model": "support", "version": 2, "kind": "text", "sha256": "5" * 64, "labels": ["a", "b"]},
        **{"dataset": None, "dataset_sha256": "6" * 64, "created_at": "2026-01-01T00:00:00Z", "created_by": "ann"},
        **{"parameters": {}, "metrics": {"accuracy": 0.9}, "confusion": [], "library_versions": {}},
        "input_schema": {"features": [{"name": "text", "type": "text", "examples": ["my own words"]}]},
    }
    return json.dumps(said | changed).encode()


@pytest.mark.parametrize("version_id", [ID, None])
def test_of_its_columns_it_keeps_no_example(version_id: str | None) -> None:
    found = record.parse(content(), model="support", number=2, version_id=version_id)
    assert found.features == [{"name": "text", "type": "text"}]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"model": "secret"}, "is that of secret@2"),
        ({"version": 3}, "is that of support@3"),
        ({"id": OTHER}, f"is that of {OTHER}, not of {ID}"),
        ({"kind": "pickle"}, "cannot be read"),
        ({"sha256": "../.."}, "cannot be read"),
    ],
)
def test_that_of_another_version_and_one_that_cannot_be_are_refused(changed: dict[str, object], says: str) -> None:
    with pytest.raises(RecordDamaged, match=says):
        record.parse(content(**changed), model="support", number=2, version_id=ID)
