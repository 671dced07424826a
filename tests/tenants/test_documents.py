import json

import pytest

from tenants import documents
from tenants.errors import TooLarge


def test_what_stands_in_texts_does_not_count() -> None:
    documents.check_size(json.dumps({"inputs": ['a, [b], {c}, \\" ' * 300_000]}).encode())


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"1,", b'"a",', b'{"a":1},', b"[" * 10])
def test_too_many_values_are_refused_whatever_they_are(piece: bytes) -> None:
    with pytest.raises(TooLarge, match="300,000 values"):
        documents.check_size(b"[" + piece * documents.MOST_VALUES)


def test_a_text_without_an_end_is_looked_at_once() -> None:
    documents.check_size(b'"' + b'\\",' * 3_000_000)
