import pytest

from tests.bench import wrk
from tests.bench.wrk import LoadFailed

OUTPUT = """Running 5s test @ http://127.0.0.1:8000
  1 threads and 64 connections
measured 21965 5000000 0 14200 20100 24300
"""


def test_the_numbers_of_a_load_are_read_from_the_line_of_the_script() -> None:
    load = wrk.read(OUTPUT, 64)
    assert (load.requests, load.failed, load.connections) == (21_965, 0, 64)
    assert (load.p50, load.p95, load.p99) == (14.2, 20.1, 24.3)
    assert load.per_second == pytest.approx(4393)


def test_an_output_without_that_line_is_an_error() -> None:
    with pytest.raises(LoadFailed, match="unable to connect"):
        wrk.read("unable to connect to 127.0.0.1:1 Connection refused\n", 1)


def test_a_load_in_which_a_request_failed_does_not_count() -> None:
    failing = OUTPUT.replace("5000000 0", "5000000 3")
    with pytest.raises(LoadFailed, match="3 of 21965 requests at 64 connections failed"):
        wrk.read(failing, 64).checked()


def test_a_machine_without_wrk_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(wrk.Missing, match="apt-get install wrk"):
        wrk.require()
