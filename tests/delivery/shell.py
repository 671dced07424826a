"""ShellCheck over the scripts of the repository and over the commands of its workflows."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from saas.instance import ROOT
from tests.conventions.sources import files

WORKFLOWS = ROOT / ".github" / "workflows"
# How GitHub starts the commands of a step.
_PROLOGUE = "#!/usr/bin/env bash\nset -eo pipefail\n"


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="assort-shell-") as folder:
        blocks = []
        for workflow in sorted(WORKFLOWS.glob("*.yml")):
            for number, block in enumerate(steps(workflow.read_text(encoding="utf-8")), start=1):
                blocks.append(Path(folder, f"{workflow.stem}-{number}.sh"))
                blocks[-1].write_text(_PROLOGUE + block, encoding="utf-8")
        program = Path(sys.executable).with_name("shellcheck")
        return subprocess.run([program, *scripts(), *blocks], cwd=ROOT, check=False).returncode


def scripts() -> list[Path]:
    """Return the files that a shell runs."""
    plain = (path for path in files() if not path.suffix)
    return [path for path in plain if re.match(rb"#!.*\b(ba)?sh\n", (ROOT / path).read_bytes())]


def steps(workflow: str) -> Iterator[str]:
    """Yield the commands of each step that has some."""
    for job in yaml.safe_load(workflow)["jobs"].values():
        for step in job.get("steps", ()):
            if "run" in step:
                yield str(step["run"])


if __name__ == "__main__":
    sys.exit(main())
