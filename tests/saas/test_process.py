import sys
from pathlib import Path

import pytest

from saas import process
from saas.process import Part

OWN = Path("/proc/self/autogroup")
SAY = f"import pathlib; print(pathlib.Path({str(OWN)!r}).read_text())"


@pytest.mark.skipif(not OWN.exists(), reason="this kernel does not group processes by session")
@pytest.mark.parametrize("nice", [0, 5])
def test_a_part_weighs_what_it_is_to_weigh(tmp_path: Path, nice: int) -> None:
    log = tmp_path / "part.log"
    part = Part("part", (sys.executable, "-c", SAY), nice=nice)
    assert process.start(part, cwd=tmp_path, log=log).wait(20) == 0
    assert log.read_text().split()[-1] == str(nice)
