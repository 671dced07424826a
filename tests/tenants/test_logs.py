"""A line says what happened, where and for whom, and nothing of what a customer has sent."""

import asyncio
import io
import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import pytest
from celery import Celery
from celery.worker import state
from django.db import DatabaseError, connection
from django.test import Client
from rest_framework.test import APIClient

from classifier import tasks
from classifier.api import views
from tenants import logs
from tenants.models import Organisation

log = logging.getLogger("tests.logs")
CANARY = "cnrylog"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Return what was written as objects, by the formatter and the filters of production."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Json())
    for each in (logs.OfDjango(), logs.OfCelery()):
        handler.addFilter(each)
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def failing() -> None:
    raise ValueError(f"{CANARY} is no number")


def test_a_line_is_one_object_with_its_time_in_utc(lines: Lines) -> None:
    log.warning("two\nlines of %d", 7)
    [line] = lines()
    assert line.items() >= {"level": "warning", "logger": "tests.logs", "message": "two\nlines of 7"}.items()
    assert line["part"] == "test"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])


def test_a_line_names_whose_work_it_is_and_the_next_one_does_not(lines: Lines) -> None:
    with logs.about(request="req_1"):
        logs.note(tenant="t1")
        log.warning("within")
        with logs.about(job="job_1"):
            log.warning("further in")
    log.warning("after")
    named = [{name: line[name] for name in ("request", "tenant", "job") if name in line} for line in lines()]
    assert named == [{"request": "req_1", "tenant": "t1"}, {"request": "req_1", "tenant": "t1", "job": "job_1"}, {}]


def test_what_outlives_a_request_is_not_about_it(lines: Lines) -> None:
    async def later() -> None:
        log.warning("later")

    async def request() -> None:
        with logs.about(request="req_1"):
            await asyncio.create_task(later(), context=logs.apart(tenant="t1"))

    asyncio.run(request())
    [line] = lines()
    assert (line.get("request"), line["tenant"]) == (None, "t1")


def test_every_thread_of_a_worker_names_its_organisation(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_always", {})
    logs.always(tenant="t1")
    thread = threading.Thread(target=log.warning, args=("beside",))
    thread.start()
    thread.join()
    assert lines()[0]["tenant"] == "t1"


def test_all_that_a_process_says_of_its_job_names_it(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "should_stop", None)

    def begin() -> None:
        tasks._end_after("job_1")
        log.warning("within")

    copy_context().run(begin)
    assert lines()[0]["job"] == "job_1"


def test_an_error_is_its_kind_and_its_places_without_its_words(lines: Lines) -> None:
    try:
        try:
            failing()
        except ValueError as error:
            raise KeyError(CANARY) from error
    except KeyError:
        log.exception("it failed")
    [line] = lines()
    assert line["error"] == "KeyError"
    assert [said for said in line["trace"] if said.endswith("Error")] == ["ValueError", "KeyError"]
    assert any(said.endswith(" failing") for said in line["trace"])
    assert CANARY not in json.dumps(line)


def test_what_the_database_quotes_of_a_row_is_not_written(lines: Lines, db: None) -> None:
    with pytest.raises(DatabaseError) as caught, connection.cursor() as cursor:
        cursor.execute("SELECT %s::int", [CANARY])
    assert CANARY in str(caught.value)
    log.error("refused", exc_info=caught.value)
    assert CANARY not in json.dumps(lines())


def test_what_the_system_says_is_written_and_whose_file_it_was_is_not(lines: Lines) -> None:
    with pytest.raises(OSError, match=CANARY) as caught:
        open(f"/nowhere/{CANARY}.csv")  # noqa: SIM115
    log.error("unread", exc_info=caught.value)
    [line] = lines()
    assert line["error"] == "FileNotFoundError: No such file or directory"
    assert CANARY not in json.dumps(line)


def test_a_line_for_people_quotes_no_more() -> None:
    try:
        failing()
    except ValueError as error:
        record = log.makeRecord(log.name, logging.ERROR, "", 0, "a\nline", (), (ValueError, error, None))
    text = logs.Line().format(record)
    assert "ERROR tests.logs a\\nline" in text
    assert "ValueError" in text
    assert CANARY not in text


def test_celery_does_not_quote_a_task_that_failed(lines: Lines) -> None:
    app = Celery("of this test", broker="memory://")

    @app.task(name="fail")  # type: ignore[untyped-decorator]  # Celery's has no types.
    def fail(said: str) -> None:
        failing()

    fail.apply([CANARY])
    [line] = [line for line in lines() if line["logger"] == "celery.app.trace"]
    assert line["message"].startswith("Task fail[")
    assert line["error"] == "ValueError"
    assert CANARY not in json.dumps(line)


def test_a_warning_is_its_kind_and_its_place(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = logs._warned
        warnings.warn(f"{CANARY} is unknown", UserWarning, stacklevel=1)
    [line] = lines()
    assert line["message"].startswith("UserWarning at ")
    assert CANARY not in json.dumps(line)


def test_an_error_of_ours_names_request_and_organisation(
    lines: Lines, api: APIClient, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views.Datasets, "get", lambda *_, **__: failing())
    api.raise_request_exception = False
    assert api.get("/api/v1/datasets", headers={"X-Request-Id": "req_of_mine"}).status_code == 500
    [line] = [line for line in lines() if line["logger"] == "django.request"]
    assert (line["request"], line["tenant"], line["error"]) == ("req_of_mine", acme.tenant, "ValueError")
    assert CANARY not in json.dumps(line)


def test_an_address_is_written_as_its_route(lines: Lines, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontend.views.invitation_accept.render", lambda *_, **__: failing())
    browser = Client(raise_request_exception=False)
    assert browser.get(f"/invitations/{CANARY}/").status_code == 500
    [line] = [line for line in lines() if line["logger"] == "django.request"]
    assert line["message"] == "Internal Server Error: /invitations/<slug:token>/"


def test_a_host_that_is_not_ours_is_a_line_without_a_trace(lines: Lines, db: None) -> None:
    for path in ("/", "/api/v1/datasets", "/accounts/login/"):
        assert Client(headers={"Host": "elsewhere.example"}).get(path).status_code == 400
    found = lines()
    assert {line["logger"] for line in found} == {"django.security.DisallowedHost"}
    assert not any("trace" in line for line in found)
    assert "elsewhere.example" in found[0]["message"]


def test_the_form_is_chosen_and_follows_the_mode_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSORT_LOGS", raising=False)
    monkeypatch.setenv("ASSORT_MODE", "production")
    assert isinstance(logs.formatter(), logs.Json)
    monkeypatch.setenv("ASSORT_LOGS", "line")
    assert isinstance(logs.formatter(), logs.Line)


def test_a_thread_that_ends_by_an_error_is_a_line_without_its_words(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", logs._uncaught_in_a_thread)
    for end in (failing, sys.exit):
        thread = threading.Thread(target=end)
        thread.start()
        thread.join()
    [line] = lines()
    assert (line["message"], line["error"]) == ("a thread ends", "ValueError")
    assert CANARY not in json.dumps(line)


def test_a_message_that_celery_cannot_use_is_not_quoted(lines: Lines) -> None:
    logging.getLogger("celery.worker.consumer.consumer").warning("Received a body: %s", CANARY)
    [line] = lines()
    assert line["message"] == "Received a body:"


def test_a_process_that_ends_by_an_error_says_so_and_an_interrupted_one_does_not(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    for error in (ValueError(CANARY), KeyboardInterrupt()):
        logs._uncaught(type(error), error, None)
    [line] = lines()
    assert (line["message"], line["error"]) == ("this process ends", "ValueError")
    assert "KeyboardInterrupt" in capsys.readouterr().err
