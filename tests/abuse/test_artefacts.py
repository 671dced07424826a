"""A model that somebody made up is refused with a reason; none of it is run, and the worker lives on."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier import adopter, registry
from classifier.ml import artefact
from classifier.ml.predictor import Predictor
from tenants import isolation, jobs
from tenants.models import Organisation
from tests.abuse import artefacts
from tests.abuse.artefacts import MALFORMED, Attack
from tests.classifier import outside, rows

pytestmark = pytest.mark.proves("models", "code", "a version in MLflow whose files somebody made up")

REFUSED_SECONDS = 2.0
GROWTH = 64 * 1024 * 1024


@pytest.fixture
def another(acme: Organisation) -> Iterator[Predictor]:
    """A model that would be taken over as it is; the test runs inside Acme."""
    with isolation.entered(acme):
        rows.trained(acme)
        yield replace(outside.champion(acme), temperature=0.9)


def handed_in(organisation: Organisation, predictor: Predictor, attack: Attack) -> str:
    job_id = outside.delivered(organisation, predictor)
    attack(outside.folder_of(organisation, job_id) / "served")
    return job_id


def refusal(organisation: Organisation, job_id: str) -> str:
    """Carry the request out and return why it is refused; nothing answers in its place."""
    adopter.adopt(job_id, tenant=organisation.tenant)
    assert registry.champion(registry.get("support")).number == 1
    assert jobs.claim(job_id) is None
    return str(outside.settled(organisation)[1]["refused"])


@pytest.mark.parametrize("what", MALFORMED)
def test_a_made_up_model_is_refused_with_a_reason(another: Predictor, acme: Organisation, what: str) -> None:
    job_id = handed_in(acme, another, MALFORMED[what])
    began = time.monotonic()
    reason = refusal(acme, job_id)
    assert time.monotonic() - began <= REFUSED_SECONDS
    assert reason
    assert "our fault" not in reason
    assert str(isolation.directory(acme.tenant)) not in reason


def test_nothing_of_a_model_is_run(another: Predictor, acme: Organisation, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    for attack in artefacts.running_code(marker).values():
        assert refusal(acme, handed_in(acme, another, attack))
        assert not marker.exists()


@pytest.mark.control
def test_what_is_not_to_be_run_makes_its_mark_where_it_is(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    content = artefacts.npy(np.array([artefacts.Payload(marker)], dtype=object))
    (tmp_path / "objects.npy").write_bytes(content)
    np.load(tmp_path / "objects.npy", allow_pickle=True)
    assert marker.exists()


@pytest.mark.control
def test_a_model_that_nobody_made_up_is_taken_over(another: Predictor, acme: Organisation) -> None:
    job_id = handed_in(acme, another, artefacts.signed)
    adopter.adopt(job_id, tenant=acme.tenant)
    assert registry.champion(registry.get("support")).number == 2


def test_a_manifest_with_another_hash_is_refused(another: Predictor, acme: Organisation) -> None:
    job_id = outside.delivered(acme, another, sha256="0" * 64)
    assert "manifest.json has changed" in refusal(acme, job_id)


def test_files_that_are_exchanged_are_refused(another: Predictor, acme: Organisation) -> None:
    def exchange(folder: Path) -> None:
        settings = (folder / "settings.json").read_bytes()
        (folder / "settings.json").write_bytes((folder / "golden.json").read_bytes())
        (folder / "golden.json").write_bytes(settings)

    assert "has changed" in refusal(acme, handed_in(acme, another, exchange))


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def linked(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


REQUESTS: dict[str, Attack] = {
    "none": lambda path: path.unlink(),
    "deep": lambda path: artefacts.void(path.write_bytes(artefacts.DEEP)),
    "another": lambda path: artefacts.void(path.write_text('{"model": 1}')),
    "no text": lambda path: artefacts.void(path.write_bytes(b"\xff\xfe")),
    "a number without end": lambda path: artefacts.void(
        path.write_text(json.dumps({"model": "support", "number": 10**400}))
    ),
    "a pipe": piped,
    "a link": linked,
}


@pytest.mark.parametrize("what", REQUESTS)
def test_a_request_that_cannot_be_read_comes_to_an_end(another: Predictor, acme: Organisation, what: str) -> None:
    job_id = outside.delivered(acme, another)
    REQUESTS[what](outside.folder_of(acme, job_id) / "request.json")
    adopter.adopt(job_id, tenant=acme.tenant)
    assert jobs.claim(job_id) is None
    assert registry.champion(registry.get("support")).number == 1


def test_made_up_models_take_little_memory(another: Predictor, acme: Organisation, tmp_path: Path) -> None:
    folders = []
    for number, attack in enumerate(MALFORMED.values()):
        folder = tmp_path / str(number)
        artefact.save(another, folder)
        attack(folder)
        folders.append(folder)
    assert growth_of_loading(folders) <= GROWTH


@pytest.mark.control
def test_a_model_that_takes_much_memory_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefact, "load", lambda folder: bytearray(b"x" * 2 * GROWTH).count(b"y"))
    assert growth_of_loading([tmp_path]) > GROWTH


def growth_of_loading(folders: list[Path]) -> int:
    """Load each in a process of its own making, and return by how many bytes that grew at most."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        before = peak()
        for folder in folders:
            with suppress(Exception):
                artefact.load(folder)
        os.write(writer, str(peak() - before).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        grown = said.read()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return int(grown) * 1024


def peak() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])
