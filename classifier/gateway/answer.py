"""What a worker replies, and what the caller is told. OpenAPI's entries are generated from the same types."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tenants.errors import FieldError, InvalidInput, NotFound, TenantError, Unavailable

Results = TypeVar("Results")


class Score(msgspec.Struct):
    label: str
    score: float


class Reason(msgspec.Struct):
    """A word of a text, or a column of a table and its value, and its weight in log-odds for the label."""

    weight: float
    word: str | UnsetType = UNSET
    column: str | UnsetType = UNSET
    value: Any = UNSET


class Result(msgspec.Struct):
    index: int
    label: Annotated[str | None, Meta(description="Null where the model abstained.")]
    confidence: Annotated[float, Meta(ge=0, le=1, description="Calibrated.")]
    scores: list[Score]
    abstained: Annotated[
        bool | UnsetType, Meta(description="There where the version has a threshold; true where it gave no label.")
    ] = UNSET
    reason: Annotated[
        Literal["unsure", "out_of_scope"] | UnsetType,
        Meta(description="Why it abstained: below `threshold`, or unlike what the model has learnt (`scope_refused`)."),
    ] = UNSET
    explanation: list[Reason] | UnsetType = UNSET


class Caution(msgspec.Struct):
    """Something of an input that the model did not take into account."""

    index: int
    code: str
    detail: str


class AnswerOf(msgspec.Struct, Generic[Results], kw_only=True):
    """The results pass through as the worker wrote them, which is why their type is open here."""

    id: str
    object: Literal["classification"] = "classification"
    model: str
    version: int
    results: Results
    warnings: list[Caution] | UnsetType = UNSET
    request_id: str


class Answer(AnswerOf[list[Result]], kw_only=True):
    """A classification: one result for each input, in their order."""


class Accepted(msgspec.Struct, kw_only=True):
    """A classification that is answered later."""

    id: str
    object: Literal["classification"] = "classification"
    status: str
    created_at: datetime


class ReplyFault(msgspec.Struct):
    pointer: str
    code: str
    detail: str


class ReplyError(msgspec.Struct):
    code: str
    detail: str
    errors: list[ReplyFault] = []

    def as_exception(self) -> TenantError:
        if self.code == "not_found":
            return NotFound()
        if self.code == "invalid_input":
            faults = (FieldError(fault.pointer, fault.code, fault.detail) for fault in self.errors)
            return InvalidInput(self.detail, errors=tuple(faults))
        return Unavailable(self.detail, retry_after=1)


class Reply(msgspec.Struct):
    id: str
    version: int = 0
    results: msgspec.Raw = msgspec.Raw(b"[]")
    warnings: list[Caution] = []
    error: ReplyError | None = None


class Replied(msgspec.Struct):
    """What a worker says to a batch: who it is, and a reply to each request."""

    batch: str
    worker: str
    replies: list[Reply]
