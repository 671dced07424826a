"""What is counted, how it is told, and to whom."""

import json
import socket
import urllib.request
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest
from prometheus_client.parser import text_string_to_metric_families

from saas import process
from tenants import metrics
from tenants.metrics import Counter, Gauge, Histogram


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the metrics of a test be all that there are."""
    monkeypatch.setattr(metrics, "_known", {})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    monkeypatch.setenv(metrics.LISTEN, f"127.0.0.1:{port}")
    return port


def told() -> dict[str, float]:
    """Return what this process tells, by name and labels, without what the library adds of the process."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in families
        if family.name.startswith("assort_")
        for sample in family.samples
    }


def asked(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        return refused.code, refused.read().decode()


def test_a_counter_grows_by_its_labels() -> None:
    asked_for = Counter("assort_asked", "What was asked for.", ("what",))
    asked_for.add("tea")
    asked_for.add("tea", by=2)
    asked_for.add("coffee")
    assert told() == {"assort_asked_total tea": 3, "assort_asked_total coffee": 1}


def test_a_counter_without_labels_begins_at_nothing() -> None:
    Counter("assort_asked", "What was asked for.")
    assert told() == {"assort_asked_total": 0}


def test_a_histogram_counts_what_took_at_most_so_long() -> None:
    took = Histogram("assort_seconds", "How long it took.")
    for seconds in (0.001, 0.3, 99.0):
        took.observe(seconds)
    found = told()
    assert found["assort_seconds_bucket 0.001"] == 1
    assert found["assort_seconds_bucket 0.25"] == 1
    assert found["assort_seconds_bucket 0.5"] == found["assort_seconds_bucket 10.0"] == 2
    assert found["assort_seconds_bucket +Inf"] == found["assort_seconds_count"] == 3
    assert found["assort_seconds_sum"] == pytest.approx(99.301)


def test_what_is_so_just_now_is_looked_at_when_somebody_asks() -> None:
    seen: Iterator[dict[tuple[str, ...], float]] = iter([{("a",): 1.0}, {("b",): 2.0}])
    Gauge("assort_there", "Who is there.", lambda: next(seen), ("who",))
    assert told() == {"assort_there a": 1}
    assert told() == {"assort_there b": 2}


def test_nobody_listens_unless_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(metrics.LISTEN, raising=False)
    made: list[object] = []
    monkeypatch.setattr(metrics, "_Server", lambda *given: made.append(given))
    metrics.serve()
    assert made == []


def test_it_is_told_over_http_with_what_else_is_asked_for(port: int) -> None:
    Counter("assort_asked", "What was asked for.").add()
    metrics.serve({"/hosts": lambda: {"hosts": 3}})
    status, text = asked(port, "/metrics")
    assert (status, "assort_asked_total 1.0" in text) == (200, True)
    assert asked(port, "/hosts") == (200, json.dumps({"hosts": 3}))
    assert asked(port, "/secrets")[0] == 404


def test_of_several_processes_each_takes_a_port_of_its_own(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        other = int(probe.getsockname()[1])
    monkeypatch.setenv(metrics.LISTEN, f"127.0.0.1:{port},{other}")
    for number in (1, 2):
        metrics.serve({"/number": lambda number=number: number})  # type: ignore[misc]  # Its default is its value.
    assert (asked(port, "/number"), asked(other, "/number")) == ((200, "1"), (200, "2"))


def test_a_port_that_is_taken_keeps_no_process_from_its_work(port: int, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", port)):
        metrics.serve()
    assert f"no port of 127.0.0.1:{port} is free" in caplog.text


def test_what_cannot_be_looked_at_is_no_number_and_the_next_answer_is_one(port: int) -> None:
    closed: list[int] = []

    def look() -> dict[tuple[str, ...], float]:
        if not closed:
            raise LookupError("not yet")
        return {(): 1.0}

    Gauge("assort_there", "Who is there.", look)
    metrics.serve(after=lambda: closed.append(1))
    assert asked(port, "/metrics")[0] == 503
    # What is to come after an answer may come a moment after it was read.
    assert process.wait_for(lambda: closed == [1], 5)
    assert "assort_there 1.0" in asked(port, "/metrics")[1]
    assert process.wait_for(lambda: closed == [1, 1], 5)
