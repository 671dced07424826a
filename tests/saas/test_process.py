import sys
from pathlib import Path

import pytest

from saas import process
from saas.process import Part

OWN = Path("/proc/self/autogroup")
SAY = f"import pathlib; own = pathlib.Path({str(OWN)!r}); print(own.read_text() if own.exists() else 'ungrouped')"


@pytest.mark.parametrize("nice", [0, 5])
def test_a_part_weighs_what_it_is_to_weigh(tmp_path: Path, nice: int) -> None:
    log = tmp_path / "part.log"
    part = Part("part", (sys.executable, "-c", SAY), nice=nice)
    assert process.start(part, cwd=tmp_path, log=log).wait(20) == 0
    # A kernel that does not group processes by session starts the part as well.
    assert log.read_text().split()[-1] == (str(nice) if OWN.exists() else "ungrouped")
