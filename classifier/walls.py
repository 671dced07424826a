"""What every worker reads, and what keeps the workers of this host apart from each other, also in words."""

import os
import stat
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from classifier import confinement, landlock
from tenants import folders, isolation, servers

ROOT = Path(__file__).resolve().parents[1]
# Folder by folder, since the data directory lies in the root unless somebody moved it.
CODE = [ROOT / name for name in ("saas", "frontend", "classifier", "tenants")]


@dataclass(frozen=True)
class Walls:
    """What this host offers: a level of Landlock, users of their own, and which folders keep those out."""

    landlock_abi: int
    have_owners: bool
    closed: tuple[Path, ...]

    def __str__(self) -> str:
        users = "own users" if self.have_owners else "one user for all"
        return f"{users}, {f'Landlock {self.landlock_abi}' if self.landlock_abi else 'no Landlock'}"

    @property
    def gaps(self) -> tuple[str, ...]:
        """What these walls leave open, in words."""
        of_users: tuple[str, ...] = ()
        if not self.have_owners:
            of_users = ("workers share one user of the system",)
        elif self.closed:
            names = ", ".join(map(str, self.closed))
            of_users = (f"workers read what Landlock does not keep from them, because not everybody may pass {names}",)
        return (*of_users, *landlock.gaps(self.landlock_abi))


@cache
def here() -> Walls:
    return Walls(landlock.abi(), folders.have_owners(), closed())


def read_only() -> list[Path]:
    """Return the folders and files that every worker may read."""
    return [*confinement.interpreter(), *CODE, isolation.shared_directory(), *_authorities()]


def closed() -> tuple[Path, ...]:
    """Return the folders on a worker's way, to its own and to those that it reads, which not everybody may pass."""
    ends = [path.resolve() for path in (*read_only(), isolation.tenants_directory())]
    on_the_way = {folder for end in ends for folder in (end, *end.parents) if folder.is_dir()}
    return tuple(sorted(folder for folder in on_the_way if not folder.stat().st_mode & stat.S_IXOTH))


def owner(tenant: str) -> int:
    """Return the user as whom the organisation's workers run: the one to whom its folder was given."""
    return isolation.directory(tenant).stat().st_uid if os.geteuid() == 0 else os.geteuid()


def _authorities() -> list[Path]:
    """Return the files that say whose certificates are believed, of both servers."""
    database: Any = connection.settings_dict
    named = (servers.authority(servers.tls(database["OPTIONS"])), servers.authority(servers.said(settings.REDIS_URL)))
    return [file for file in named if file is not None]
