"""The body of a classify request. OpenAPI's entry is generated from the same types."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tenants import documents
from tenants.errors import FieldError, InvalidInput, Malformed
from tenants.models import Route

BODY_LIMIT = 4 * 1024 * 1024
INPUT_LIMIT = 256
TEXT_LIMIT = 10_000

Text = Annotated[str, Meta(min_length=1, max_length=TEXT_LIMIT, description="An input of a text model.")]
Columns = Annotated[
    dict[str, str | int | float | bool | None],
    Meta(description="An input of a table model: its columns. A column that is left out is a missing value."),
]


class Classify(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    inputs: Annotated[list[Text | Columns], Meta(min_length=1, max_length=INPUT_LIMIT)]
    top_k: Annotated[
        int,
        Meta(ge=1, description="How many labels to score for each input, at most as many as the model has."),
    ] = 1
    explain: Annotated[
        bool, Meta(description="Add the words or columns that speak for and against each result's label.")
    ] = False


_DECODER = msgspec.json.Decoder(Classify)
# msgspec tells the place of an error as `$.inputs[3]`, or the field's name in its sentence.
_PLACE = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_FIELD = re.compile(r"field `(?P<name>.*)`$", re.DOTALL)


def decode(body: bytes, route: Route) -> Classify:
    """Return the request for the model that `route` leads to.

    Raises Malformed for what is not JSON, TooLarge for too much of it, and InvalidInput that names every input at
    fault, or another field.
    """
    documents.check_size(body)
    try:
        request = _DECODER.decode(body)
        faults = list(_faults(request.inputs, route))
    except msgspec.ValidationError as error:
        faults = _from_decoder(error, body, route)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("The body is not JSON in UTF-8. Send an object with the field `inputs`.") from None
    if not faults and request.top_k > route.labels:
        faults = [FieldError("/top_k", "too_large", f"The model has {route.labels} labels; ask for at most so many.")]
    if faults:
        raise InvalidInput("Nothing was classified, because some fields are wrong; see `errors`.", errors=tuple(faults))
    return request


def _from_decoder(error: msgspec.ValidationError, body: bytes, route: Route) -> list[FieldError]:
    """The decoder stops at the first fault; where that is an input, look at all of them."""
    fault = _fault(str(error))
    try:
        everything = msgspec.json.decode(body) if fault.pointer.startswith("/inputs/") else {}
    except msgspec.ValidationError:  # A number that no type can hold.
        return [fault]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("The body is not JSON in UTF-8. Send an object with the field `inputs`.") from None
    inputs = everything.get("inputs", [])
    return list(_faults(inputs[:INPUT_LIMIT], route)) or [fault]


def _fault(message: str) -> FieldError:
    place = _PLACE.search(message)
    sentence = message[: place.start()] if place else message
    if place:
        # The name of a column is not told (`[...]`), so the pointer ends at its input.
        pointer = "".join(f"/{name or index}" for name, index in _STEP.findall(place["path"]))
    else:
        field = _FIELD.search(sentence)
        pointer = "/" + field["name"].replace("~", "~0").replace("/", "~1") if field else ""
    return FieldError(pointer, "invalid", f"{sentence}.")


def _faults(inputs: Sequence[Any], route: Route) -> Iterator[FieldError]:
    find = _fault_of_text if route.kind == "text" else _fault_of_columns
    for index, value in enumerate(inputs):
        if fault := find(value):
            yield FieldError(f"/inputs/{index}", *fault)


def _fault_of_text(value: object) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return "not_a_text", "This model classifies texts; send a string."
    if not value or value.isspace():
        return "empty_text", "The text is empty; leave it out of the request."
    if len(value) > TEXT_LIMIT:
        return "text_too_long", f"The text has {len(value):,} characters; send at most {TEXT_LIMIT:,}."
    if "\0" in value:
        return "nul_character", "The text has a NUL character in it; remove it."
    return None


def _fault_of_columns(value: object) -> tuple[str, str] | None:
    if not isinstance(value, dict):
        return "not_an_object", "This model classifies rows of a table; send an object of columns."
    for name, cell in value.items():
        if isinstance(cell, list | dict):
            return (
                "nested_value",
                f"{name[:80]!r} is a list or an object; send a text, number, true, false or null.",
            )
        if "\0" in name or (isinstance(cell, str) and "\0" in cell):
            return "nul_character", f"{name[:80]!r} has a NUL character in it; remove it."
    return None
