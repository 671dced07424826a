"""A message carries ids or plain JSON: whoever reads a queue finds no object in it that could be executed."""

import inspect
import types
from collections.abc import Mapping, Sequence
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

import classifier.tasks  # noqa: F401 - It makes the tasks.
from classifier import kinds
from saas.celery import app

NAMES = sorted(name for name in app.tasks if not name.startswith("celery."))
PLAIN = (str, int, float, bool, type(None), Any)


def is_plain(hint: Any) -> bool:
    origin = get_origin(hint)
    if origin in {dict, list, Mapping, Sequence, Union, types.UnionType}:
        return all(is_plain(inner) for inner in get_args(hint))
    return hint in PLAIN


@pytest.mark.parametrize("name", NAMES)
def test_a_task_takes_ids_or_plain_json(name: str) -> None:
    run = app.tasks[name].run
    hints = get_type_hints(run)
    parameters = inspect.signature(run).parameters
    assert parameters
    assert all(is_plain(hints[parameter]) for parameter in parameters)


@pytest.mark.parametrize("name", NAMES)
def test_no_task_returns_anything_that_would_be_kept(name: str) -> None:
    assert app.tasks[name].ignore_result
    assert get_type_hints(app.tasks[name].run)["return"] is type(None)


def test_every_kind_of_job_has_a_task() -> None:
    assert set(kinds.OF_KIND.values()) <= set(NAMES)


def test_messages_are_json_and_nothing_else() -> None:
    assert app.conf.task_serializer == "json"
    assert list(app.conf.accept_content) == ["json"]
