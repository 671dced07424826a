"""Which characters the bytes of an uploaded file are, and whether it is text at all."""

from __future__ import annotations

import codecs
from pathlib import Path

from charset_normalizer import from_bytes

from .errors import rejected

_CHUNK = 1 << 20
_SAMPLE = 1 << 16
_STRAY_CONTROLS = 8
# Of encodings that fit a sample equally well the most widespread is taken.
_WESTERN = "cp1252"
# The default, 0.2, refuses short phrases of Japanese.
_MESS = 0.4
_CANDIDATES = [
    *(f"cp125{digit}" for digit in range(7)),
    *("koi8_r", "cp932", "euc_jp", "gb18030", "big5", "euc_kr"),
]
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TEXT_CONTROLS = frozenset(b"\t\n\r\x0b\x0c\x1b\x00")
_WORKBOOKS = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite database",
}


def detect(path: Path) -> str:
    """The encoding of a text file.

    A byte order mark decides; then UTF-8, if the whole file is UTF-8; then charset-normalizer's opinion of
    the 64 KB around the first byte that is not. Raises TableRejected for a file that is not text.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if wide := _utf16_without_mark(head):
        return wide
    _refuse_binary(head)
    wrong = _first_byte_that_is_not_utf8(path)
    return "utf-8" if wrong is None else _guess(path, wrong)


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 of mostly Latin text has a zero in nearly every second byte, on the same side each time."""
    half = len(head) // 2
    if half and head[1::2].count(0) > 0.7 * half and not head[0::2].count(0):
        return "utf-16-le"
    if half and head[0::2].count(0) > 0.7 * half and not head[1::2].count(0):
        return "utf-16-be"
    return None


def _refuse_binary(head: bytes) -> None:
    for magic, name in _WORKBOOKS.items():
        if head.startswith(magic):
            detail = f"The file is {name}, not text; save the table as CSV (UTF-8) and upload that."
            raise rejected(None, "binary_file", detail)
    controls = sum(head.count(byte) for byte in range(32) if byte not in _TEXT_CONTROLS)
    zeros = head.count(0)
    if controls > max(_STRAY_CONTROLS, 0.01 * len(head)) or zeros > 0.1 * len(head):
        detail = "The file is binary, not text; save the table as CSV (UTF-8) or JSONL and upload that."
        raise rejected(None, "binary_file", detail)


def _first_byte_that_is_not_utf8(path: Path) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as wrong:
                return max(0, position + wrong.start)
            if not chunk:
                return None
            position += len(chunk)


def _guess(path: Path, position: int) -> str:
    with path.open("rb") as file:
        file.seek(max(0, position - _SAMPLE // 2))
        sample = file.read(_SAMPLE)
    matches = from_bytes(sample, cp_isolation=_CANDIDATES, threshold=_MESS)
    best = matches.best()
    if best is None:
        detail = f"The characters from byte {position + 1} on are in no known encoding; save the file as UTF-8."
        raise rejected(None, "unknown_encoding", detail)
    tied = {match.encoding for match in matches if (match.chaos, match.coherence) == (best.chaos, best.coherence)}
    return _WESTERN if _WESTERN in tied.union(best.could_be_from_charset) else best.encoding
