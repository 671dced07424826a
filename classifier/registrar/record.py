"""`record.json`: what a training leaves beside an artefact for the record. It is read as a stranger's file."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class RecordDamaged(Exception):
    """The file is not a record, or that of another version."""


class Cell(msgspec.Struct, frozen=True):
    """How many rows of one label were taken for another, or for itself."""

    actual: str
    predicted: str
    count: int


class Feature(msgspec.Struct, frozen=True):
    name: str
    type: str


class InputSchema(msgspec.Struct, frozen=True):
    features: list[Feature]


class Record(msgspec.Struct, frozen=True):
    """One version. `metrics` and `parameters` are flat; `input_schema` is of classifier.ml.schema.Schema."""

    id: Annotated[str, Meta(pattern=r"^mv_[a-z0-9]{20}$")]
    model: str
    version: int
    kind: Literal["text", "table"]
    sha256: Sha256
    dataset: str | None
    dataset_sha256: Sha256
    created_at: str
    created_by: str
    parameters: dict[str, str | int | float | bool | None]
    metrics: dict[str, float | None]
    labels: list[str]
    confusion: list[Cell]
    library_versions: dict[str, str]
    input_schema: InputSchema

    @property
    def features(self) -> list[dict[str, str]]:
        """Names and types of the columns, without the examples, which are the organisation's rows."""
        return [{"name": feature.name, "type": feature.type} for feature in self.input_schema.features]

    def confusion_matrix(self) -> dict[str, Any]:
        return {"labels": self.labels, "cells": msgspec.to_builtins(self.confusion)}


def parse(content: bytes, *, model: str, number: int, version_id: str | None) -> Record:
    """Read the record of the version, whose id is checked where it is known. Raises RecordDamaged."""
    try:
        record = msgspec.json.decode(content, type=Record)
    except msgspec.MsgspecError as error:
        raise RecordDamaged(f"record.json of {model}@{number} cannot be read: {error}") from error
    if (record.model, record.version) != (model, number):
        raise RecordDamaged(f"record.json of {model}@{number} is that of {record.model}@{record.version}")
    if version_id not in (None, record.id):
        raise RecordDamaged(f"record.json of {model}@{number} is that of {record.id}, not of {version_id}")
    return record
