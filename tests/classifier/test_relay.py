"""What the relay puts into one message."""

import pytest

from classifier import relay
from tenants.models import Job


def job(id: str, *, tenant: str = "a" * 16, kind: str = "classify", attempt: int = 0) -> Job:
    return Job(id=id, tenant=tenant, kind=kind, queue="later" if kind == "classify" else "train", attempt=attempt)


def said(*jobs: Job) -> list[tuple[str, str | list[str]]]:
    return [(job.tenant[0], message) for job, message in relay._messages(jobs)]


def test_an_organisations_requests_for_later_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "TOGETHER", 2)
    assert said(job("1"), job("2"), job("3")) == [("a", ["1", "2"]), ("a", ["3"])]


def test_no_message_is_about_two_organisations() -> None:
    assert said(job("1"), job("2", tenant="b" * 16), job("3")) == [("a", ["1", "3"]), ("b", ["2"])]


def test_other_jobs_go_alone() -> None:
    assert said(job("1", kind="train"), job("2", kind="train")) == [("a", "1"), ("a", "2")]


def test_what_was_tried_before_uses_up_nobody_elses_attempts() -> None:
    assert said(job("1"), job("2", attempt=1), job("3")) == [("a", ["2"]), ("a", ["1", "3"])]
