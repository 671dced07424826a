"""What a process may take, where a container says less than the machine has."""

import errno
import os
from pathlib import Path

import pytest

from classifier import linux
from classifier.linux import Prctl

GIGABYTE = 1024**3


def test_a_container_has_the_memory_of_its_limit(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(f"{GIGABYTE}\n")
    assert linux.memory(tmp_path) == GIGABYTE


@pytest.mark.parametrize(("quota", "processors"), [("50000 100000", 1), ("100000 100000", 1)])
def test_a_container_has_the_processors_of_its_limit_and_one_at_least(
    tmp_path: Path, quota: str, processors: int
) -> None:
    (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert linux.processors(tmp_path) == processors


@pytest.mark.parametrize("said", [None, "max", "max 100000", "999999999999999999 1"])
def test_without_a_limit_or_with_one_beyond_the_machine_it_has_the_machines(tmp_path: Path, said: str | None) -> None:
    for name in ("memory.max", "cpu.max") if said else ():
        (tmp_path / name).write_text(f"{said}\n")
    assert linux.processors(tmp_path) == len(os.sched_getaffinity(0))
    assert linux.memory(tmp_path) >= GIGABYTE


def test_what_the_kernel_refuses_is_an_error_with_its_number() -> None:
    with pytest.raises(OSError, match="prctl") as refused:
        linux.prctl(Prctl.SET_PDEATHSIG, 9999)
    assert refused.value.errno == errno.EINVAL
