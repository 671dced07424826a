"""What is small on the way and large at its end is refused soon, and in little memory of gateway and web processes."""

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable

import httpx2 as httpx
import pytest

from tests.abuse import memory
from tests.abuse.conftest import Ours, Recorder
from tests.abuse.memory import MB
from tests.abuse.test_files import until_read
from tests.service import Service

pytestmark = pytest.mark.proves("API", "code", "bodies that are small on the way and large when they are read")

REFUSED_SECONDS = 2.0
GROWTH = 64 * MB
CALLS = {
    "classify": "models/letters/classify",
    "keys": "api_keys",
    "rows": "datasets/{dataset_id}/rows",
    "training": "training_jobs",
}
ZEROS = b'{"inputs": ["' + b"0" * (200 * MB) + b'"]}'


def gzipped() -> bytes:
    return gzip.compress(ZEROS, 6)


ENCODED: dict[str, Callable[[], bytes]] = {
    "gzip": gzipped,
    "deflate": lambda: zlib.compress(ZEROS, 6),
    "gzip, gzip": lambda: gzip.compress(gzipped()),
    # 1 GB of zeros in brotli's own words, whose beginning is enough.
    "br": lambda: b"\x5b\xff\xff\xff\x03\x00\x00\x00" * 10,
    "zstd": lambda: b"\x28\xb5\x2f\xfd\x84\x58\x00\x00\x00\x40" * 10,
}


@pytest.fixture(scope="module")
def bodies() -> dict[str, bytes]:
    return {name: make() for name, make in ENCODED.items()}


def refused(ours: Ours, service: Service, call: str, content: bytes, **headers: str) -> str:
    """Send the body, and return what it took, after it was refused in time and in little memory."""
    path = CALLS[call].format(**ours.names)
    with memory.watched(service, "gateway", "web") as watch:
        answer = httpx.post(
            f"{ours.url}/api/v1/{path}",
            content=content,
            headers={"Content-Type": "application/json"} | ours.headers | headers,
            timeout=30,
        )
    took = answer.elapsed.total_seconds()
    assert answer.status_code in {400, 413, 415, 422}, answer.text[:200]
    assert took <= REFUSED_SECONDS
    assert watch.growth <= GROWTH, f"{watch.growth / MB:.0f} MB"
    return f"{took:.2f} s, memory +{watch.growth / MB:.0f} MB"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("coding", ENCODED)
def test_a_packed_body_is_not_unpacked(
    ours: Ours, service: Service, bodies: dict[str, bytes], call: str, coding: str, record_property: Recorder
) -> None:
    said = {"Content-Encoding": coding}
    record_property("figure", refused(ours, service, call, bodies[coding], **said))


JSON: dict[str, Callable[[], bytes]] = {
    "lists three million deep": lambda: b"[" * 3_000_000,
    "objects half a million deep": lambda: b'{"inputs":' * 390_000,
    "a million empty lists": lambda: b'{"inputs": [' + b"[]," * 1_300_000 + b"[]]}",
    "a million empty objects": lambda: b'{"inputs": [' + b"{}," * 1_300_000 + b"{}]}",
    "a million numbers": lambda: b'{"inputs": [' + b"1," * 1_900_000 + b"1]}",
    "a million keys": lambda: b'{"inputs": ["a"],' + b",".join(b'"%x":1' % n for n in range(390_000)) + b"}",
    "a hundred thousand keys that nobody knows": lambda: json.dumps({f"k{n}": n for n in range(100_000)}).encode(),
    "one key a million times": lambda: b"{" + b'"inputs":[],' * 300_000 + b'"top_k":1}',
    "a number of four million digits": lambda: b'{"inputs": ["a"], "top_k": ' + b"9" * 3_900_000 + b"}",
    "a number of a million after the point": lambda: b'{"inputs": ["a"], "top_k": 0.' + b"9" * 3_900_000 + b"}",
    "an exponent of a million digits": lambda: b'{"inputs": ["a"], "top_k": 1e' + b"9" * 3_900_000 + b"}",
    "a text of four million characters": lambda: b'{"inputs": ["' + b"a" * 3_900_000 + b'"]}',
    "a text of escapes": lambda: b'{"inputs": ["' + b"\\u0041" * 650_000 + b'"]}',
    "blanks": lambda: b" " * 4_000_000,
    "a column of nothing a hundred thousand times": lambda: json.dumps(
        {"inputs": [{f"c{n}": None for n in range(100_000)}], "top_k": 0}
    ).encode(),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("what", JSON)
def test_a_monstrous_document_is_refused(
    ours: Ours, service: Service, call: str, what: str, record_property: Recorder
) -> None:
    record_property("figure", refused(ours, service, call, JSON[what]()))


FORM = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
FORMS: dict[str, Callable[[], bytes]] = {
    "a hundred thousand fields": lambda: PART % (b"name", b"a") * 100_000 + b"--b--\r\n",
    "a thousand files": lambda: (PART % (b'file"; filename="a.csv', b"a,b\n")) * 1_000 + b"--b--\r\n",
    "a field of 9 MB": lambda: PART % (b"name", b"a" * 9_000_000) + b"--b--\r\n",
    "a name of a megabyte": lambda: PART % (b"a" * 1_000_000, b"a") + b"--b--\r\n",
    "a header of a megabyte": lambda: b"--b\r\nX-A: " + b"a" * 1_000_000 + b"\r\n\r\na\r\n--b--\r\n",
    "no end": lambda: PART % (b"name", b"a" * 1_000_000),
    "boundaries alone": lambda: b"--b\r\n" * 500_000,
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("what", FORMS)
def test_a_monstrous_form_is_refused(ours: Ours, service: Service, what: str, record_property: Recorder) -> None:
    with memory.watched(service, "gateway", "web") as watch:
        headers = ours.headers | {"Content-Type": FORM}
        answer = httpx.post(f"{ours.url}/api/v1/datasets", content=FORMS[what](), headers=headers, timeout=30)
    took = answer.elapsed.total_seconds()
    record_property("figure", f"{answer.status_code} after {took:.2f} s, memory +{watch.growth / MB:.0f} MB")
    assert 400 <= answer.status_code < 500
    assert took <= REFUSED_SECONDS
    assert watch.growth <= GROWTH


def zipped(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"0" * (50 * MB))
    return file.getvalue()


def picture() -> bytes:
    """A PNG that says it has 30,000 by 30,000 points."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 6, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * (20 * MB))), (b"IEND", b"")]
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


FILES: dict[str, Callable[[], bytes]] = {
    "a workbook": lambda: zipped("xl/worksheets/sheet1.xml"),
    "an archive": lambda: zipped("rows.csv"),
    "gzip": lambda: gzip.compress(b"text,label\n" + b"a,b\n" * 10_000_000),
    "a picture": picture,
    "a PDF": lambda: b"%PDF-1.7\n" + zlib.compress(b"0" * MB),
    "an old workbook": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5_000),
    "a program": lambda: b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 200,
}


def test_a_file_that_is_no_table_is_rejected_as_what_it_is(ours: Ours) -> None:
    with httpx.Client(base_url=f"{ours.url}/api/v1/", headers=ours.headers, timeout=30) as client:
        handed_in = {
            what: client.post("datasets", files={"file": ("rows.csv", make())}) for what, make in FILES.items()
        }
        ended = {what: until_read(client, answer.json()["id"]) for what, answer in handed_in.items()}
    assert {what: found["problems"][0]["code"] for what, found in ended.items()} == dict.fromkeys(FILES, "binary_file")


SLOW = [
    *("a" * 10_000, "a" * 9_999 + "!", " " * 9_999 + "a", "a " * 5_000, "á" * 5_000, "\u0301" * 10_000),
    *("," * 10_000, "aA" * 5_000, "1" * 10_000, "1,1." * 2_500, "\n" * 9_999 + "a", "ﷺ" * 10_000, "İ" * 10_000),
    *("\U0001f469\u200d" * 5_000, "我" * 10_000, "ก" * 10_000, "\u202e" * 10_000, "-_" * 5_000, "a@a." * 2_500),
]


@pytest.mark.parametrize("model", ["letters", "assort.support"])
def test_no_text_takes_a_tokeniser_long(ours: Ours, model: str, record_property: Recorder) -> None:
    slowest = 0.0
    with httpx.Client(base_url=f"{ours.url}/api/v1/", headers=ours.headers, timeout=30) as client:
        client.post(f"models/{model}/classify", json={"inputs": ["wake up"]})
        for text in SLOW:
            answer = client.post(f"models/{model}/classify", json={"inputs": [text], "explain": True})
            assert answer.status_code == 200
            slowest = max(slowest, answer.elapsed.total_seconds())
    record_property("figure", f"the slowest of {len(SLOW)} texts took {slowest:.2f} s")
    assert slowest <= REFUSED_SECONDS


@pytest.mark.control
def test_memory_that_grows_would_be_seen(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    own = memory.processes(service, "gateway")[0].__class__()
    monkeypatch.setattr(memory, "processes", lambda *_: [own])
    with memory.watched(service, "gateway") as watch:
        grown = bytearray(b"x" * 2 * GROWTH)
    assert watch.growth > GROWTH
    assert len(grown) > GROWTH


@pytest.mark.control
def test_what_is_not_packed_is_read(ours: Ours) -> None:
    answer = httpx.post(f"{ours.url}/api/v1/models/letters/classify", json={"inputs": ["a"]}, headers=ours.headers)
    assert answer.status_code == 200
