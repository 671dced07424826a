"""Landlock: a domain that a process enters, for good, and in which it may do only what is listed.

No root is needed, and children inherit the domain. Landlock comes in ABI levels, one for each kernel
release that taught it something; what the running kernel does not know is left out, and `gaps` names it.
No level forbids stat, chmod, chown and utime, or sockets other than TCP: a user per tenant and the passwords
of the services stand there.
Constants and structures are those of <https://docs.kernel.org/userspace-api/landlock.html>.
"""

import errno
import os
import stat
import struct
from collections.abc import Sequence
from enum import IntFlag
from pathlib import Path

from classifier import linux

# The numbers are the same on every architecture that Python 3.11 is built for.
_CREATE_RULESET = 444
_ADD_RULE = 445
_RESTRICT_SELF = 446

_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_RULE_NET_PORT = 2


class File(IntFlag):
    """Rights on files and folders, LANDLOCK_ACCESS_FS_*."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15
    RESOLVE_UNIX = 1 << 16


_BIND_TCP = 1 << 0
_CONNECT_TCP = 1 << 1
_SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0
_SCOPE_SIGNAL = 1 << 1

# From which ABI level on the kernel knows a right; those of level 1 are not listed.
_FILE_RIGHTS_SINCE = {File.REFER: 2, File.TRUNCATE: 3, File.IOCTL_DEV: 5, File.RESOLVE_UNIX: 9}
_TCP_SINCE = 4
_SCOPES_SINCE = 6

_GAPS = (
    (1, "files of other tenants are kept apart by their owner and mode only"),
    (3, "files outside the tenant's directory can be truncated"),
    (_TCP_SINCE, "any TCP port can be reached and bound"),
    (_SCOPES_SINCE, "processes of the same user can be signalled"),
    (9, "named Unix sockets can be reached wherever their mode allows it"),
)

# The rights that the kernel accepts for a path that is not a folder.
_OF_A_FILE = File.EXECUTE | File.WRITE_FILE | File.READ_FILE | File.TRUNCATE | File.IOCTL_DEV | File.RESOLVE_UNIX


def abi() -> int:
    """Return the level that the running kernel offers, 0 where it has no Landlock or it is switched off."""
    try:
        return linux.syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP):
            return 0
        raise


def gaps(level: int) -> tuple[str, ...]:
    """Say, for a start-up message, which walls a kernel of this level does not have."""
    return tuple(gap for since, gap in _GAPS if level < since)


class Ruleset:
    """What the domain will allow; everything else that the kernel's level can forbid is forbidden.

    Raises OSError where the kernel or a path refuses.
    """

    def __init__(self, level: int) -> None:
        self._files = File(sum(right for right in File if _FILE_RIGHTS_SINCE.get(right, 1) <= level))
        self._tcp = _BIND_TCP | _CONNECT_TCP if level >= _TCP_SINCE else 0
        scopes = _SCOPE_ABSTRACT_UNIX_SOCKET | _SCOPE_SIGNAL if level >= _SCOPES_SINCE else 0
        # A kernel that knows a shorter structure accepts this one as long as the rest of it is zero.
        attributes = struct.pack("=QQQ", self._files, self._tcp, scopes)
        self._descriptor = linux.syscall(_CREATE_RULESET, attributes, len(attributes), 0)

    def allow(self, rights: File, paths: Sequence[Path]) -> None:
        """Allow `rights` on each path and all that lies below it."""
        for path in paths:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
                allowed = rights & self._files & (rights if is_folder else _OF_A_FILE)
                rule = struct.pack("=Qi", allowed, descriptor)
                linux.syscall(_ADD_RULE, self._descriptor, _RULE_PATH_BENEATH, rule, 0)
            finally:
                os.close(descriptor)

    def allow_connect(self, ports: Sequence[int]) -> None:
        """Allow TCP connections to these ports, on any host."""
        for port in ports if self._tcp else ():
            rule = struct.pack("=QQ", _CONNECT_TCP, port)
            linux.syscall(_ADD_RULE, self._descriptor, _RULE_NET_PORT, rule, 0)

    def enter(self) -> None:
        """Enter the domain. The calling thread must have set no_new_privs, and should be the only one."""
        linux.syscall(_RESTRICT_SELF, self._descriptor, 0)
        os.close(self._descriptor)
