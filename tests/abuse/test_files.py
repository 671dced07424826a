"""A file that was mutated is read, or refused with a reason: soon, in little memory, by a worker that lives on."""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import httpx2 as httpx
import pytest
from hypothesis import example, given, seed, settings

from classifier import confinement, reader, walls, worker
from classifier.ml import table
from classifier.ml.errors import Problem, TableRejected
from tenants.models import Job
from tests.abuse import mutations
from tests.abuse.conftest import QUIET, REFUSED_SECONDS, Ours, Recorder
from tests.classifier.confined import Place, place_for
from tests.form import SEED, cases

pytestmark = pytest.mark.proves("uploads", "code", "mutated CSV and JSONL files, and monstrous ones")

FILES = cases(short=150, long=5_000)
UPLOADS = cases(short=15, long=400)
# While coverage is measured each line is traced, and to read a file takes up to three times as long.
READ_SECONDS = 4 * REFUSED_SECONDS if sys.gettrace() else REFUSED_SECONDS
GROWTH = 64 * 1024
# What is wrong, and then what to do.
SAYS_WHAT_TO_DO = re.compile(r".+[;?.,] ?.*\w.*[.?]$", re.DOTALL)
# Whole numbers that are dealt out one by one, and one that no type can hold.
A_LONG_NUMBER = b"".join(
    [b"id,size,label\n", *(b"%d,%d,%c\n" % (n, n % 7, 97 + n % 2) for n in range(60)), b"9" * 5_000 + b",1,a\n"]
)


class Verdict:
    """What a confined process says of a file: the problems, after how many seconds, in how many KB of memory."""

    def __init__(self, said: str) -> None:
        found = json.loads(said)
        self.problems = [Problem(*problem) for problem in found["problems"]]
        self.error, self.seconds, self.kilobytes = found["error"], found["seconds"], found["kilobytes"]


class ConfinedReader:
    """A process that reads files as a worker does, within a worker's walls, one after the other."""

    def __init__(self, place: Place, asks: TextIO, says: TextIO) -> None:
        self.place, self._asks, self._says = place, asks, says
        # What is loaded with the first file is no growth.
        self._before = self.read(b"text,label\na,x\nb,y\nc,x\nd,y\n").kilobytes

    def read(self, content: bytes) -> Verdict:
        path = self.place.own / "upload"
        path.write_bytes(content)
        self._asks.write(f"{path}\n")
        self._asks.flush()
        said = self._says.readline()
        assert said, "the process that read has died"
        verdict = Verdict(said)
        assert verdict.error is None, verdict.error
        return verdict

    def growth(self) -> int:
        return int(self.read(b"a").kilobytes - self._before)


@contextmanager
def confined_reader() -> Iterator[ConfinedReader]:
    with place_for(os.getuid()) as place:
        asked, asks = os.pipe()
        says, said = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(asks)
            _serve(place, asked, said)
        os.close(asked)
        os.close(said)
        with os.fdopen(asks, "w") as to, os.fdopen(says) as answers:
            yield ConfinedReader(place, to, answers)
        os.waitpid(pid, 0)


def _serve(place: Place, asked: int, said: int) -> None:
    """Answer until nobody asks any more. Its own state is opened first: walls are around /proc, too."""
    with suppress(BaseException), open("/proc/self/status") as status, os.fdopen(asked) as questions:
        confinement.confine(
            directory=place.own,
            tmp=place.tmp,
            read_only=[*confinement.interpreter(), *walls.CODE],
            connect_ports=(),
            limits=worker.LIMITS["batch"],
        )
        with os.fdopen(said, "w", buffering=1) as answers:
            for question in questions:
                answers.write(json.dumps(_judged(Path(question.strip()), status)) + "\n")
    os._exit(0)


def _judged(path: Path, status: TextIO) -> dict[str, Any]:
    began, problems, error = time.monotonic(), [], None
    try:
        found = reader.examine(table.read(path))
        # As it goes into the database.
        json.dumps([found.schema.to_json(), found.report, found.examples.inputs], ensure_ascii=False).encode()
    except TableRejected as refused:
        problems = [(problem.row, problem.code, problem.detail) for problem in refused.problems]
    except BaseException as other:  # noqa: BLE001 - Whatever it is, it is what the test looks for.
        error = repr(other)
    seconds = time.monotonic() - began
    status.seek(0)
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return {"problems": problems, "error": error, "seconds": seconds, "kilobytes": peak}


def test_a_mutated_file_is_read_or_refused_with_what_to_do(record_property: Recorder) -> None:
    read, refused, slowest = 0, 0, 0.0
    with confined_reader() as confined:

        @seed(SEED)
        @settings(QUIET, max_examples=FILES)
        @given(mutations.files())
        @example(
            b"id,label\n" + b"".join(b"%d,%s\n" % (n, b"ab"[n % 2 :][:1]) for n in range(60)) + b"9" * 5_000 + b",a\n"
        )
        def hand_in(content: bytes) -> None:
            nonlocal read, refused, slowest
            verdict = confined.read(content)
            for problem in verdict.problems:
                assert problem.code == "more_problems" or SAYS_WHAT_TO_DO.match(problem.detail)
            read, refused = read + (not verdict.problems), refused + bool(verdict.problems)
            slowest = max(slowest, verdict.seconds)

        hand_in()
        growth = confined.growth()
    figure = f"{read + refused:,} files: {read:,} read, {refused:,} refused; the slowest took {slowest:.2f} s"
    record_property("figure", f"{figure}; memory +{growth / 1024:.0f} MB")
    assert read + refused >= FILES
    assert read > FILES // 20
    assert refused > FILES // 20
    assert slowest <= READ_SECONDS
    assert growth <= GROWTH


MONSTROUS: dict[str, Callable[[], bytes]] = {
    "a row of a million columns": lambda: b"a,b\n" + b"1," * 1_000_000,
    "a header of a million columns": lambda: b"a," * 1_000_000 + b"\n",
    "a header of a million quoted columns": lambda: b'"a",' * 499_000 + b"\n1,2\n",
    "a quoted row of half a million columns": lambda: b"text,label\na,b\n" + b'"a",' * 499_000 + b"\n",
    "short rows before a wide field": lambda: b"text,label\n" + b"a\n" * 300 + b'"' + b"x" * 5_000_000 + b'",a\n',
    "a cell of 50 MB": lambda: b'text,label\na,"' + b"x\n" * 25_000_000,
    "a quote that never closes": lambda: b'text,label\n"a' + b"\n" * 20_000_000,
    "quotes alone": lambda: b"text,label\n" + b'"' * 20_000_000,
    "rows of nothing": lambda: b"text,label\n" + b"\n" * 20_000_000,
    "rows of commas": lambda: b"text,label\n" + b",\n" * 500_000,
    "an object of 200,000 keys": lambda: json.dumps({f"k{n}": 1 for n in range(160_000)}).encode(),
    "a new key in each of 100,000 lines": lambda: b"".join(b'{"k%d": 1}\n' % n for n in range(100_000)),
    "lists a million deep": lambda: b'{"text": ' + b"[" * 1_900_000,
    "objects a million deep": lambda: b'{"a":' * 390_000,
    "a number of a million digits": lambda: b'{"text": ' + b"9" * 1_900_000 + b', "label": "a"}\n',
    "a string of escapes": lambda: b'{"text": "' + b"\\u0041" * 330_000 + b'"}\n',
    "many lines of a number that is none": lambda: b"n,label\n" + (b"9" * 90_000 + b",a\n") * 50,
    "UTF-16 of an odd length": lambda: "text,label\na,b\n".encode("utf-16") * 100_000 + b"\0",
    "a mark of UTF-32 and then no such thing": lambda: b"\xff\xfe\0\0" + b"\xff" * 10_000_000,
    "bytes of no encoding": lambda: b"text,label\n" + bytes(range(128, 256)) * 100_000,
    "a BOM in each line": lambda: b"\xef\xbb\xbftext,label\n" * 300_000,
}


@pytest.mark.parametrize("what", MONSTROUS)
def test_a_monstrous_file_is_refused_soon_and_in_little_memory(what: str, record_property: Recorder) -> None:
    with confined_reader() as confined:
        verdict = confined.read(MONSTROUS[what]())
        growth = confined.growth()
    record_property("figure", f"{verdict.seconds:.2f} s, memory +{growth / 1024:.0f} MB")
    assert verdict.problems
    assert verdict.seconds <= READ_SECONDS
    assert growth <= GROWTH


@pytest.mark.control
def test_memory_and_faults_of_the_reading_process_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(path: Path) -> None:
        if path.stat().st_size < 1_000:
            raise TableRejected([])
        raise KeyError(bytearray(b"x" * 200 * 1024 * 1024).count(b"y"))

    monkeypatch.setattr(table, "read", greedy)
    with confined_reader() as confined:
        with pytest.raises(AssertionError, match="KeyError"):
            confined.read(b"x" * 2_000)
        assert confined.growth() > GROWTH


@pytest.mark.timeout(cases(short=300, long=1_200))
def test_no_upload_ends_a_worker_or_is_left_without_a_word(
    ours: Ours, committed: None, record_property: Recorder
) -> None:
    handed_in: list[str] = []
    with httpx.Client(base_url=f"{ours.url}/api/v1/", headers=ours.headers, timeout=30) as client:

        @seed(SEED)
        @settings(QUIET, max_examples=UPLOADS)
        @given(mutations.files())
        def hand_in(content: bytes) -> None:
            answer = client.post("datasets", files={"file": ("rows.csv", content)})
            assert answer.status_code == (201 if content else 422)
            if content:
                handed_in.append(answer.json()["id"])

        hand_in()
        ended = [until_read(client, dataset_id) for dataset_id in handed_in]
    statuses = [found["status"] for found in ended]
    assert set(statuses) == {"ready", "rejected"}
    problems = [problem for found in ended for problem in found["problems"]]
    assert not [problem for problem in problems if problem["code"] in {"internal", "unreadable"}]
    # A worker that died would have needed another attempt.
    assert {job.attempt for job in Job.objects.filter(id__in=handed_in)} == {1}
    record_property("figure", f"{len(ended)} uploads: {statuses.count('ready')} ready, the others rejected")


def until_read(client: httpx.Client, dataset_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while (found := client.get(f"datasets/{dataset_id}").json())["status"] == "validating":
        assert time.monotonic() < deadline, f"{dataset_id} is still being read"
        time.sleep(0.1)
    return dict(found)
