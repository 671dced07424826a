"""This machine: room on its disk, the kernel's walls between workers, the installation's secrets and its encoder."""

import os
import shutil
import stat
from collections.abc import Iterator

from classifier import landlock
from saas.doctor.finding import Finding, missing, ok, warning
from saas.instance import Instance
from saas.place import PROGRAM
from tenants import folders

_GIGABYTE = 1024**3
# Less is too little to begin with, and a first data set or two would fill it.
_LEAST, _LITTLE = 1 * _GIGABYTE, 5 * _GIGABYTE
# Shorter ones are refused at the start.
_SECRET_LENGTH = 32


def examine(instance: Instance) -> Iterator[Finding]:
    yield _room(instance)
    yield _secrets(instance)
    yield from _walls()
    yield _encoder(instance)


def _room(instance: Instance) -> Finding:
    free = shutil.disk_usage(instance.data).free
    said = f"{free / _GIGABYTE:.1f} GB are free for {instance.data}"
    if free < _LEAST:
        return missing("disk", said, "make room, or choose another --data.")
    if free < _LITTLE:
        return warning("disk", said, "make room soon: what is uploaded and every version of a model stays.")
    return ok("disk", said)


def _secrets(instance: Instance) -> Finding:
    path = instance.data / "secrets.json"
    mode = stat.S_IMODE(path.stat().st_mode)
    values = list(instance.secrets.values())
    if mode & 0o077:
        return missing("secrets", f"{path} may be read by others", f"chmod 600 {path}")
    if min(map(len, values)) < _SECRET_LENGTH or len(set(values)) < len(values):
        todo = "give each a long random value of its own, before the first start."
        return missing("secrets", f"two secrets in {path} are the same, or one is short", todo)
    return ok("secrets", f"{len(values)} secrets lie in {path}, for its owner alone. Keep a copy elsewhere")


def _walls() -> Iterator[Finding]:
    level = landlock.abi()
    if not level:
        todo = "use a kernel of 5.13 or newer with Landlock switched on (lsm=landlock,…)."
        yield warning("landlock", "the kernel has no Landlock, so code alone keeps workers' files apart", todo)
    elif gaps := landlock.gaps(level):
        yield warning("landlock", f"Landlock {level} leaves open: {'; '.join(gaps)}", "use a newer kernel.")
    else:
        yield ok("landlock", f"Landlock {level} confines every worker")
    if folders.have_owners():
        yield ok("users", "each organisation's workers are a user of their own")
    else:
        who = "root with few capabilities" if os.geteuid() == 0 else "an ordinary user"
        todo = "run the service as root with the capabilities of a Docker container; see SECURITY.md."
        yield warning("users", f"all workers share one user of the system, since this is {who}", todo)


def _encoder(instance: Instance) -> Finding:
    if not instance.encoder:
        return ok("encoder", "trainings are to do without a sentence encoder (--no-encoder)")
    if (instance.data / "shared" / "_encoders" / "default").exists():
        return ok("encoder", "the sentence encoder is there")
    said = "the sentence encoder is not there, and models of texts are worse without it"
    todo = f"{PROGRAM} up, with the encoder's packages (README.md); or {PROGRAM} manage encoder add NAME DIRECTORY."
    return warning("encoder", said, todo)
