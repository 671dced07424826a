import re
from pathlib import Path

from tests.bench import picture, report
from tests.bench.curves import OURS, Point
from tests.bench.percentiles import percentile
from tests.bench.row import Row, at_most
from tests.bench.wrk import Load

POINTS = [
    Point(server, Load(connections, 5_000, 5.0, failed, 2.5, 4.0, 120.0))
    for server, failed in ((OURS, 0), ("Other", 7))
    for connections in (1, 64)
]


def test_a_row_of_the_report_says_what_was_wanted_and_whether_it_is_so() -> None:
    rows = [Row("p50", 1.7, "×", at_most(2, 1.3)), Row("p99 | all", 30, "ms")]
    text = report.markdown({"processor": "a fast one"}, {"neighbours": rows}, {})
    assert "processor: a fast one." in text
    assert "| p50 | 1.70 × | ≤ 2 / 1.3 | floor reached |" in text
    assert "| p99 \\| all | 30.0 ms |  |  |" in text


def test_the_report_sets_servers_side_by_side_and_shows_what_failed() -> None:
    text = report.markdown({}, {}, {"without an encoder": POINTS})
    assert "### Requests a second (p50 / p99 in ms) without an encoder\n" in text
    assert "|  | 1 connection | 64 connections |" in text
    assert "| Assort | 1,000 (2.5 / 120) | 1,000 (2.5 / 120) |" in text
    assert "| Other | 1,000 (2.5 / 120), 7 failed |" in text


def test_the_picture_is_a_small_file_with_readable_names(tmp_path: Path) -> None:
    file = tmp_path / "docs" / "latency.svg"
    picture.draw({"without an encoder": POINTS, "with it": POINTS}, file)
    texts = set(re.findall(r">([^<>]+)</text>", file.read_text()))
    assert {OURS, "Other", "connections", "milliseconds without an encoder", "milliseconds with it", "64"} <= texts
    assert file.stat().st_size < 100_000


def test_the_same_numbers_draw_the_same_picture(tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        picture.draw({"without an encoder": POINTS}, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(20, 0, -1)]
    assert [percentile(values, percent) for percent in (0, 50, 95, 100)] == [1, 10, 19, 20]
