"""Attacks from inside a worker of Acme on the machine around it: other processes, MLflow's files, the kernel.

`python -m classifier.forkserver` runs it as the entry, as `tests.isolation.probe` is run.
"""

import ctypes
import json
import os
import resource
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from classifier import landlock, linux, tasks, worker
from classifier.secret import Secret
from tenants import isolation

# System calls, by their numbers on x86-64 and on 64-bit ARM.
NUMBERS = {
    "x86_64": {"ptrace": 101, "process_vm_readv": 310, "pidfd_open": 434, "pidfd_getfd": 438, "kcmp": 312, "bpf": 321}
    | {"mount": 165, "unshare": 272, "chroot": 161, "setuid": 105, "open_by_handle_at": 304, "add_key": 248},
    "aarch64": {"ptrace": 117, "process_vm_readv": 270, "pidfd_open": 434, "pidfd_getfd": 438, "kcmp": 272, "bpf": 280}
    | {"mount": 40, "unshare": 97, "chroot": 51, "setuid": 146, "open_by_handle_at": 265, "add_key": 217},
}[os.uname().machine]
PTRACE_ATTACH, CLONE_NEWNS = 16, 0x00020000

Attack = Callable[[], Any]


def main(secret: bytes) -> None:
    given = json.loads(secret)
    victims = given.pop("victims")
    worker.become(Secret(**given))
    attacks = {"own folder": lambda: list(isolation.directory(given["tenant"]).iterdir()), "own memory": _read_own}
    attacks |= on_files(Path(settings.ASSORT_DATA)) | on_the_machine()
    for name, pid in victims.items():
        attacks |= {f"{what} of {name}": attack for what, attack in on_process(pid).items()}
    report = {name: outcome(attack) for name, attack in attacks.items()}
    (isolation.directory(given["tenant"]) / "intruder.json").write_text(json.dumps(report))


def outcome(attack: Attack) -> str:
    try:
        attack()
    except Exception as refusal:  # noqa: BLE001 - Whatever refuses, its kind and words are the result.
        return f"{type(refusal).__name__}: {refusal}"
    return "done"


def on_process(pid: int) -> dict[str, Attack]:
    """Return what a process of the same user could do to another, were nothing in its way."""
    proc = Path(f"/proc/{pid}")
    return {
        "memory": lambda: (proc / "mem").open("rb").close(),
        "map": (proc / "maps").read_text,
        "environment": (proc / "environ").read_bytes,
        "open files": lambda: list((proc / "fd").iterdir()),
        "root": lambda: list((proc / "root").iterdir()),
        "folder": lambda: list((proc / "cwd").iterdir()),
        "memory by a system call": lambda: _read_memory(pid),
        "life, traced,": lambda: linux.syscall(NUMBERS["ptrace"], PTRACE_ATTACH, pid, None, None),
        "sockets": lambda: _take_descriptor(pid),
        "likeness": lambda: linux.syscall(NUMBERS["kcmp"], os.getpid(), pid, 1, 0, 0),
        "end": lambda: os.kill(pid, 0),
    }


def on_files(data: Path) -> dict[str, Attack]:
    """Return attempts to read what is nobody's but the service's, and to write what all share."""
    return {
        "MLflow's folder": lambda: list((data / "mlflow").iterdir()),
        "the logs": lambda: list((data / "logs").iterdir()),
        "its own log": lambda: list((data / "logs" / "workers").iterdir()),
        "the database's files": lambda: list((data / "postgres").iterdir()),
        "the broker's files": lambda: list((data / "valkey").iterdir()),
        "the broker's password": (data / "valkey" / "valkey.conf").read_text,
        "who else is here": lambda: list((data / "tenants").iterdir()),
        "the ports": (data / "ports.json").read_text,
        "a new folder beside its own": (data / "tenants" / ("0" * 16)).mkdir,
        "a shared model's folder": (data / "shared" / "mine").mkdir,
        "the code": lambda: _write(Path(worker.__file__).parent / "mine.py"),
        "a file in /tmp": lambda: _write(Path("/tmp/mine")),  # noqa: S108 - It is refused.
        "memory that all share": lambda: _write(Path("/dev/shm/mine")),  # noqa: S108 - It is refused.
        "root's home": lambda: list(Path("/root").iterdir()),
        "the list of processes": lambda: list(Path("/proc").iterdir()),
        "a file moved into a shared place": lambda: os.rename(_own_file(), data / "shared" / "moved"),
        "a second name for a shared file": lambda: os.link(_own_file(), data / "shared" / "linked"),
    }


def on_the_machine() -> dict[str, Attack]:
    return {
        "a server of its own": _bind,
        "all that is sent": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
        "raw packets": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        "another root": lambda: linux.syscall(NUMBERS["chroot"], b"/"),
        "a mount": lambda: linux.syscall(NUMBERS["mount"], b"none", b"/mnt", b"tmpfs", 0, None),
        "a file by its number": lambda: linux.syscall(
            NUMBERS["open_by_handle_at"], -100, struct.pack("=Iiq", 8, 1, 2), 0
        ),
        "a program in the kernel": lambda: linux.syscall(NUMBERS["bpf"], 5, bytes(120), 120),
        "a device": lambda: os.mknod(f"{os.environ['TMPDIR']}/device", 0o20666, os.makedev(1, 1)),
        "the machine's name": lambda: socket.sethostname("mine"),
        "another user": lambda: os.setresuid(12345, 12345, 12345),
        "a higher rank": lambda: os.setpriority(os.PRIO_PROCESS, 0, -20),
        "more memory": _raise_limits,
        "to leave its domain": _enter_an_open_domain,
    }


def _read_own() -> None:
    _read_memory(os.getpid())


def _write(path: Path) -> None:
    path.write_text("x")
    path.unlink()


def _own_file() -> Path:
    path = Path(os.environ["TMPDIR"]) / "own"
    path.write_text("x")
    return path


def _read_memory(pid: int) -> None:
    place = ctypes.create_string_buffer(8)
    here = (ctypes.c_size_t * 2)(ctypes.addressof(place), 8)
    # The same program is loaded at the same place in whatever was forked from the same parent.
    linux.syscall(NUMBERS["process_vm_readv"], pid, bytes(here), 1, bytes(here), 1, 0)


def _take_descriptor(pid: int) -> None:
    descriptor = os.pidfd_open(pid)
    linux.syscall(NUMBERS["pidfd_getfd"], descriptor, 0, 0)


def _bind() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()


def _raise_limits() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most * 2, most * 2))


def _enter_an_open_domain() -> None:
    """Enter a domain that allows everything: domains only ever add up."""
    rules = landlock.Ruleset(landlock.abi())
    rules.allow(landlock.File(~0 & 0xFFFF), [isolation.directory(tasks.Worker.tenant)])
    rules.enter()
    list(Path("/root").iterdir())
