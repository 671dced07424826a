"""Organisations' folders: made, given to whom they belong, and removed.

Where the service is root, each organisation has a user and a group of the system for itself: a number that nobody else
has ever had, without a name or a login. It owns the organisation's folder, and workers become whoever owns it. Where
the service is an ordinary user, everything is that user's.
"""

import logging
import os
import re
from contextlib import suppress
from functools import cache
from pathlib import Path

from tenants import ids, isolation

log = logging.getLogger(__name__)

# Below the first that is given. From here on the numbers are nobody's: not people's, not services', not containers'.
FIRST_UID = 1_900_000_000
# What root must still be able to do, by the numbers of capabilities(7): to give files away and use them all the same
# (CHOWN, DAC_OVERRIDE, FOWNER), and to start processes of other users and end them (KILL, SETGID, SETUID).
_CAPABILITIES = sum(1 << number for number in (0, 1, 3, 5, 6, 7))
_AS_IT_IS = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW


@cache
def have_owners() -> bool:
    """Whether each organisation can have a user of the system for itself: not where others run the service than root,
    a root that may do little, or one of a user namespace that has no such numbers.
    """
    held = re.search(r"^CapEff:\s*(\w+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    is_able = held is not None and int(held[1], 16) & _CAPABILITIES == _CAPABILITIES
    mapped = (map(int, line.split()) for line in Path("/proc/self/uid_map").read_text().splitlines())
    return os.geteuid() == 0 and is_able and any(first <= FIRST_UID < first + count for first, _, count in mapped)


def settle(tenant: str, uid: int) -> None:
    """Make the organisation's folder, where it is not there, and give it with all that is in it to whom it belongs."""
    folder = isolation.directory(tenant)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    owner = uid if have_owners() else os.geteuid()
    if folder.stat().st_uid == owner:
        return
    log.info("%s is given to user %d", folder, owner)
    # From within: the folder itself comes last, so that one which is given is given as a whole.
    for _, _, files, inside in os.fwalk(folder, topdown=False):
        for name in files:
            os.chown(name, owner, owner, dir_fd=inside, follow_symlinks=False)
        os.fchown(inside, owner, owner)


def part(tenant: str, *names: str) -> Path:
    """Return a folder in the organisation's, made where it is not there; whoever makes it, it is the organisation's."""
    folder = isolation.directory(tenant)
    for name in names:
        above, folder = folder.stat(), folder / name
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if above.st_uid != os.geteuid():
                os.chown(folder, above.st_uid, above.st_gid, follow_symlinks=False)
    return folder


def remove(folder: Path) -> None:
    """Remove a folder with whatever its owner has put there: no link is followed, and no depth is too much.

    Raises OSError where something is still being put there.
    """
    parent = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _remove(parent, folder.name)
    finally:
        os.close(parent)


def _remove(parent: int, name: str) -> None:
    top = _opened(parent, name)
    try:
        names = _without_files(top)
        while names:
            _lift(top, names)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=parent)


def _lift(top: int, names: list[str]) -> None:
    """Remove the last of the folders `names` in `top`; the folders in it are moved up and become the last."""
    name = names.pop()
    inner = _opened(top, name)
    try:
        for deeper in _without_files(inner):
            # One that may not be written to cannot be moved.
            os.close(_opened(inner, deeper))
            names.append(ids.random_text(20))
            os.rename(deeper, names[-1], src_dir_fd=inner, dst_dir_fd=top)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=top)


def _without_files(folder: int) -> list[str]:
    """Remove everything in an open folder that is no folder, and return the names of those that are."""
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if not is_folder:
            os.unlink(name, dir_fd=folder)
    return [name for name, is_folder in found if is_folder]


def _opened(parent: int, name: str) -> int:
    """Open a folder, whatever its mode is, and not what a link of that name leads to."""
    found = os.open(name, _AS_IT_IS, dir_fd=parent)
    try:
        # By the descriptor, since the name may mean something else by now.
        os.chmod(f"/proc/self/fd/{found}", 0o700)
        return os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_DIRECTORY)
    finally:
        os.close(found)
