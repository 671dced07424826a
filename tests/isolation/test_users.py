"""A process with the user of Acme's workers and no other wall, beside a real worker of Globex.

Everything else that confines a worker is left out here, Landlock too, so that what refuses is the user alone.
"""

import os
import resource
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tenants import isolation
from tests import universe
from tests.classifier.confined import forked, open_only, sibling
from tests.isolation.workers import worker_of
from tests.service import Service

pytestmark = [
    pytest.mark.needs("root"),
]


@dataclass(frozen=True)
class Target:
    """A process, and a file of whoever runs it."""

    pid: int
    file: Path


Step = Callable[[Target], object]

STEPS: dict[str, tuple[str, Step]] = {
    "change the mode of a file": ("files", lambda target: target.file.chmod(0o600)),
    "change the times of a file": ("files", lambda target: os.utime(target.file, (1, 1))),
    "read a file": ("files", lambda target: target.file.read_text()),
    "write a file": ("files", lambda target: target.file.write_text("written")),
    "list a folder": ("files", lambda target: os.listdir(target.file.parent)),
    "lower the limits of a process": (
        "processes",
        lambda target: resource.prlimit(target.pid, resource.RLIMIT_CORE, (0, 0)),
    ),
    "signal a process": ("processes", lambda target: os.kill(target.pid, signal.SIGURG)),
    "read the environment of a process": ("memory", lambda target: open_only(f"/proc/{target.pid}/environ")),
    "read the memory of a process": ("memory", lambda target: open_only(f"/proc/{target.pid}/mem")),
}


@dataclass(frozen=True)
class Stage:
    """Acme's user, what belongs to it, and Globex's."""

    uid: int
    own: Target
    theirs: Target


@pytest.fixture(scope="module")
def stage(service: Service, django_db_setup: None, django_db_blocker: object) -> Iterator[Stage]:
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's
        acme, _ = universe.organisation("Acme", universe.person("alice"))
        globex, key = universe.organisation("Globex", universe.person("carol"))
    # The folder around the data is the tests' own: who gets no further than there is refused by it and not by the user.
    service.instance.data.parent.chmod(0o711)
    files = {}
    for organisation in (acme, globex):
        files[organisation.slug] = file = isolation.directory(organisation.tenant) / "file"
        file.write_text("what nobody else may read")
        owner = file.parent.stat()
        os.chown(file, owner.st_uid, owner.st_gid)
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's
        pid = worker_of(service, globex, key)
    uid = files[acme.slug].stat().st_uid
    assert uid != files[globex.slug].stat().st_uid
    with sibling(uid) as own:
        yield Stage(uid, Target(own, files[acme.slug]), Target(pid, files[globex.slug]))
    service.instance.data.parent.chmod(0o700)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, id=name, marks=pytest.mark.proves(layer, "kernel", name))
        for name, (layer, step) in STEPS.items()
    ],
)
def test_a_neighbours_is_out_of_reach_for_another_user(stage: Stage, step: Step) -> None:
    with pytest.raises(PermissionError):
        forked(lambda: step(stage.theirs), stage.uid)


@pytest.mark.control
@pytest.mark.parametrize("step", [pytest.param(step, id=name) for name, (_, step) in STEPS.items()])
def test_its_own_is_not(stage: Stage, step: Step) -> None:
    forked(lambda: step(stage.own), stage.uid)
