from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.ml import table
from classifier.ml.errors import TableRejected

from .conftest import python, read

File = Callable[[str | bytes], Path]

CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n\t")
CELLS = st.text(CHARACTERS, max_size=12)


def refusal(path: Path, **limits: int) -> list[tuple[int | None, str]]:
    with pytest.raises(TableRejected) as refused:
        read(path, **limits)
    return [(problem.row, problem.code) for problem in refused.value.problems]


def expected(cell: str) -> str | None:
    return None if not cell or cell.isspace() else cell


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1), delimiter=st.sampled_from(",;\t|"))
def test_a_csv_is_read_as_it_was_written(file: File, rows: list[tuple[str, str, str]], delimiter: str) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("first name", "second name", "label"), *rows])
    found = read(file(buffer.getvalue()))
    assert found.names == ("first name", "second name", "label")
    assert found.rows == [tuple(map(expected, row)) for row in rows]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(rows=st.lists(st.fixed_dictionaries({"a": CELLS, "label": CELLS}), min_size=1))
def test_a_jsonl_is_read_as_it_was_written(file: File, rows: list[dict[str, str]]) -> None:
    found = read(file("\n".join(json.dumps(row) for row in rows)))
    for name in ("a", "label"):
        assert found.column(name) == [expected(row[name]) for row in rows]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]
)
def test_western_encodings_are_detected(file: File, encoding: str) -> None:
    text = "text;label\n" + "Ça coûte très cher à Köln;où\nles élèves ont été reçus;là\n" * 20
    assert read(file(text.encode(encoding))).rows[0] == ("Ça coûte très cher à Köln", "où")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "мне нужна новая карта"),
        ("cp932", "カードがまだ届きません。いつ届きますか"),
        ("gb18030", "我的卡还没有到，什么时候能收到"),
        ("cp1250", "zażółć gęślą jaźń proszę"),
    ],
)
def test_other_encodings_are_detected(file: File, encoding: str, text: str) -> None:
    content = "text,label\n" + f"{text},a\n{text},b\n" * 20
    assert read(file(content.encode(encoding))).rows[0] == (text, "a")


def test_a_character_far_down_the_file_decides_its_encoding(file: File) -> None:
    content = "text,label\n" + "plain,a\n" * 20_000 + "très déçu à Orléans,b\n"
    assert read(file(content.encode("cp1252"))).rows[-1] == ("très déçu à Orléans", "b")


def test_json_values_become_the_cells_of_a_csv(file: File) -> None:
    found = read(file('{"a": 3.0, "b": true, "label": 7}\n\n{"label": null, "c": "", "a": "x"}\n'))
    assert found.names == ("a", "b", "label", "c")
    assert found.rows == [("3.0", "true", "7", None), ("x", None, None, None)]
    assert [found.number(0), found.number(1)] == [1, 3]


def test_rows_are_numbered_as_a_spreadsheet_does(file: File) -> None:
    found = read(file('text,label\n"two\nlines",a\n\nb,c\n'))
    assert [found.number(0), found.number(1)] == [2, 4]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b" \n", (None, "empty_file")),
        (b"\xff\xfe", (None, "empty_file")),
        (codecs.BOM_UTF8 + b"\n", (None, "empty_file")),
        (" \n".encode("utf-16"), (None, "empty_file")),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 9, (None, "binary_file")),
        (b"PK\x03\x04\x14\x00\x06\x00", (None, "binary_file")),
        (b"1,2,3\n4,5,6\n", (1, "no_header")),
        (b"hi there,spam\nbye,ham\nyes,spam\nno,spam\n", (1, "no_header")),
        (b"a,,label\n1,2,3\n", (1, "empty_name")),
        (b"a,a,label\n1,2,3\n", (1, "duplicate_name")),
        (b"text,label\n", (None, "no_rows")),
        (b"a" * 301 + b",label\n1,2\n", (1, "bad_name")),
        (b"text,label\na,b\nc\n", (3, "ragged_row")),
        (b"text,label\na,b\nc\x00,d\n", (3, "nul_character")),
        (b'text,label\n"a,b\nc,d\n', (2, "broken_quotes")),
        (b'[{"text": "a"}]', (1, "json_list")),
        (b'{"a": 1}\n{"a": 2\n', (2, "broken_json")),
        (b'{"a": 1}\n{"a": NaN}\n', (2, "broken_json")),
        (b'{"a": 1}\n[1]\n', (2, "not_an_object")),
        (b'{"a": 1}\n{"a": {"b": 1}}\n', (2, "nested_value")),
        (b'{"a": 1}\n{"a": "\\ud800"}\n', (2, "bad_character")),
        (b'{"a": 1}\n{"a": "x\\u0000"}\n', (2, "bad_character")),
        (b'{"a": 1}\n{"a": "x\x00"}\n', (2, "nul_character")),
        (b'{"a": 1}\n{"a": 1, " ": 2}\n', (2, "bad_name")),
        (b'{"a": ' + b"[" * 100_000 + b"\n", (1, "broken_json")),
        (b"text,label\n" + bytes(range(128, 256)) * 9, (None, "unknown_encoding")),
    ],
)
def test_a_bad_file_is_refused_with_its_row_and_reason(
    file: File, content: bytes, problem: tuple[int | None, str]
) -> None:
    assert refusal(file(content)) == [problem]


def test_of_many_problems_twenty_are_listed_and_the_rest_counted(file: File) -> None:
    found = refusal(file("a,b\n" + "1\n" * 50))
    assert found == [*((row, "ragged_row") for row in range(2, 22)), (None, "more_problems")]


def test_each_limit_refuses_a_file_beyond_it(file: File) -> None:
    path = file("a,b,label\n" + "hello,2,x\n" * 10)
    assert refusal(path, rows=9) == [(11, "too_many_rows")]
    assert refusal(path, columns=2) == [(1, "too_many_columns")]
    assert refusal(path, cells=29) == [(11, "too_many_cells")]
    assert refusal(path, cell=4) == [(1, "cell_too_long")]
    assert refusal(path, line=8) == [(1, "line_too_long")]
    assert len(read(path, rows=10, columns=3, cells=30, cell=5, line=10).rows) == 10
    path = file('{"a": "hello", "label": "x"}\n' * 10)
    assert refusal(path, columns=1)[0] == (1, "too_many_columns")
    assert refusal(path, cell=4)[0] == (1, "cell_too_long")
    assert refusal(file("a,label\n" + "\n" * 10 + "hello,x\n"), rows=9) == [(11, "blank_lines")]


def test_reading_tells_how_far_it_is(file: File) -> None:
    shares: list[float] = []
    table.read(file("text,label\n" + "hello,a\nbye,b\n" * 20_000), progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 5


READ_AND_MEASURE = """
import resource, sys, time
from pathlib import Path
from classifier.ml import table
from classifier.ml.errors import TableRejected
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
try:
    table.read(Path(sys.argv[1]))
except TableRejected as refusal:
    print(refusal.problems[0].code, time.monotonic() - start)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(
    ("start", "repeated", "times", "code"),
    [
        ("a", ",a", 999_999, "too_many_columns"),
        ('"a"', ",b", 900_000, "too_many_columns"),
        ("column0", ",column", 999_999, "line_too_long"),
        ("text,label\n", "x", 100_000_000, "line_too_long"),
        ('text,label\n"', "x" * 99 + "\n", 1_000_000, "cell_too_long"),
        ('{"text": "', "x", 100_000_000, "line_too_long"),
    ],
)
def test_a_monstrous_file_is_refused_quickly_and_in_little_memory(
    file: File, start: str, repeated: str, times: int, code: str
) -> None:
    path = file(start + repeated * times)
    found, seconds, kilobytes = python(READ_AND_MEASURE, str(path)).split()
    path.unlink()
    assert found == code
    assert float(seconds) < 2
    assert int(kilobytes) < 64 * 1024
