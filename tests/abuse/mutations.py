"""Files that were good once: CSV and JSONL with something done to their bytes."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.abuse import odd

LABELS = ["a", "b", "c"]
Rows = list[dict[str, Any]]
Mutation = Callable[[st.DrawFn, bytes], bytes]

cells = (
    st.sampled_from(["", " ", "1", "-1.5", "true", "2026-01-31", "x,y", 'a "quoted" word', "two\nlines", "=1+1", "NaN"])
    | st.sampled_from(["9" * 5_000, "1e400", "١٢٣", "0x1F", "1_000", "-0", "9999-12-31T23:59:59-23:59", "a" * 2_000])
    | odd.texts
)


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    names = draw(st.lists(st.sampled_from(["text", "size", "colour", "when", "id", "note"]), unique=True, min_size=1))
    count = draw(st.integers(1, 40))
    # Most cells of a column are of one sort, as in a file that somebody means.
    usual = {name: draw(cells) for name in names}
    return [
        {name: draw(cells) if draw(st.integers(0, 9)) == 0 else f"{usual[name]}{number % 7}" for name in names}
        | {"label": LABELS[number % len(LABELS)]}
        for number in range(count)
    ]


def as_csv(table: Rows, delimiter: str) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue().encode()


def as_jsonl(table: Rows) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table).encode()


@st.composite
def good(draw: st.DrawFn) -> bytes:
    table = draw(rows())
    return as_jsonl(table) if draw(st.booleans()) else as_csv(table, draw(st.sampled_from(",;\t|")))


@st.composite
def files(draw: st.DrawFn) -> bytes:
    content = draw(good())
    for mutation in draw(st.lists(st.sampled_from(MUTATIONS), max_size=4)):
        content = mutation(draw, content)
    return content


PIECES = [
    *(b'"', b'""', b'"""', b"'", b"\0", b"\r", b"\n", b"\r\n", b"\x0b", b"\x1c", b"\x85", b"\xe2\x80\xa8", b",", b";"),
    *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\\", b"\\ud800", b"\\u0000"),
    *(b"{", b"}", b"[", b"]", b"null", b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-", b"9" * 5_000, b"true"),
    *(b'{"label": "a", "label": "b"}\n', b'{"text": {"deep": []}, "label": "a"}\n', b"{}\n", b"[]\n", b'"a"\n'),
    *(b'{"text": "\\ud83d", "label": "a"}\n', b'{"": 1, "label": "a"}\n', b'{"\\ud800": 1}\n', b'{"a\\u0000": 1}\n'),
    *(b"[" * 3_000, b'{"a":' * 3_000, b"," * 3_000, b"\n" * 3_000, b'"' * 3_001, b"x" * 120_000),
]


def insert(draw: st.DrawFn, content: bytes) -> bytes:
    at = _place(draw, content)
    return content[:at] + draw(st.sampled_from(PIECES) | odd.octets) + content[at:]


def remove(draw: st.DrawFn, content: bytes) -> bytes:
    at = _place(draw, content)
    return content[:at] + content[at + draw(st.integers(1, 40)) :]


def repeat(draw: st.DrawFn, content: bytes) -> bytes:
    """A header that comes again, a row that comes a hundred times, a cell that comes twice."""
    at = _place(draw, content)
    return content[:at] + content[at : at + draw(st.integers(1, 60))] * draw(st.sampled_from([2, 100])) + content[at:]


def cut(draw: st.DrawFn, content: bytes) -> bytes:
    return content[: _place(draw, content)]


def other_lines(draw: st.DrawFn, content: bytes) -> bytes:
    lines = content.split(b"\n")
    ends = draw(st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"\n\r", b"\n\n"]), min_size=1, max_size=5))
    return b"".join(line + ends[number % len(ends)] for number, line in enumerate(lines))


def other_encoding(draw: st.DrawFn, content: bytes) -> bytes:
    names = ["utf-16", "utf-16-le", "utf-32", "utf-7", "latin-1", "cp1252", "shift_jis", "utf-8-sig", "cp037"]
    return content.decode("utf-8", "replace").encode(draw(st.sampled_from(names)), "replace")


def widen(draw: st.DrawFn, content: bytes) -> bytes:
    """A row of far more cells, below a short one: before its fields are counted, it is split."""
    return content + b"a\n" + b"a," * draw(st.sampled_from([10, 5_000, 200_000])) + b"\n"


def swap(draw: st.DrawFn, content: bytes) -> bytes:
    old, new = draw(st.sampled_from(PIECES[:14])), draw(st.sampled_from(PIECES[:24]))
    return content.replace(old, new, draw(st.integers(1, 20)))


MUTATIONS: list[Mutation] = [insert, insert, remove, repeat, cut, other_lines, other_encoding, widen, swap]


def _place(draw: st.DrawFn, content: bytes) -> int:
    return draw(st.integers(0, len(content)))
