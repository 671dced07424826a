"""The snippets are run as they stand: each prints what the service answers."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import playwright
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from frontend.presenters.calls import command, example, snippets
from tenants.models import Organisation, User
from tests.service import Service
from tests.universe import Universe

# The one that the driver of the browser tests brings along.
NODE = str(Path(playwright.__file__).parent / "driver" / "node")
HAS_CURL = pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl; install it")
TEXT = 'it\'s "my card"\nand 3 > 2 – žluťoučký'


def run(command: Sequence[str], service: Service, key: str) -> str:
    environment = {"PATH": os.environ["PATH"], "ASSORT_KEY": key, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commands(text: str) -> dict[str, list[str]]:
    return {
        "curl": ["sh", "-c", text],
        "Python": [sys.executable, "-c", text],
        "JavaScript": [NODE, "--input-type=module", "-e", text],
    }


@pytest.mark.parametrize("language", [pytest.param("curl", marks=HAS_CURL), "Python", "JavaScript"])
def test_a_snippet_runs_as_it_stands(language: str, committed: None, service: Service, cast: Universe) -> None:
    shown = snippets(model="assort.support", value=TEXT, top_k=3, address=service.url)
    text = next(each.text for each in shown if each.language == language)
    printed = run(commands(text)[language], service, cast.acme_key)
    assert "confidence" in printed
    assert "scores" in printed


def test_what_a_text_model_is_shown_with_is_one_of_its_own_texts() -> None:
    assert example({"kind": "text", "features": [{"name": "text", "examples": ["Hello"]}]}) == "Hello"


def test_a_table_model_is_shown_with_a_whole_row() -> None:
    columns = [{"name": "age", "examples": ["39"]}, {"name": "city", "examples": []}]
    shown = snippets(model="m", value=example({"kind": "table", "features": columns}), top_k=1, address="http://a")
    assert json.dumps({"age": "39", "city": ""}) in shown[0].text


@pytest.mark.parametrize(
    ("page", "call"),
    [
        ("dataset_list", "/api/v1/datasets "),
        ("training_list", "/api/v1/training_jobs "),
        ("model_list", "/api/v1/training_jobs "),
        ("result_list", "/api/v1/models/assort.support/classify "),
    ],
)
def test_an_empty_page_shows_the_call_that_fills_it(
    page: str, call: str, client_of: Callable[[User], Client], carol: User, globex: Organisation
) -> None:
    text = client_of(carol).get(reverse(page, args=[globex.slug])).text
    assert f"curl {settings.ASSORT_PUBLIC_URL}{call}" in text


@HAS_CURL
def test_the_calls_of_empty_pages_run_as_they_stand(committed: None, service: Service, cast: Universe) -> None:
    assert "assort.support" in run(["sh", "-c", command("answers", address=service.url)], service, cast.acme_key)
    assert '"object":"me"' in run(["sh", "-c", command("keys", address=service.url)], service, cast.acme_key)
