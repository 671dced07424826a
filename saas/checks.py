"""The gates that a change must pass: style, types, imports, security, generated files."""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from saas.instance import ROOT, Instance
from saas.place import MANAGE

_PACKAGES = ("saas", "tenants", "classifier", "frontend")
_OPENAPI = "openapi.json"


@dataclass(frozen=True)
class Gate:
    name: str
    command: tuple[str, ...]
    mend: str


def run_all() -> int:
    """Run every gate, also after one has failed; return 0 if all hold."""
    with tempfile.TemporaryDirectory(prefix="assort-check-") as folder:
        generated = Path(folder) / _OPENAPI
        # Migrations and the document are made from settings alone: this instance is never started.
        environment = Instance.create(Path(folder) / "data").environment("prepare")
        failed = [gate for gate in gates(generated) if not _holds(gate, environment)]
    for gate in failed:
        sys.stderr.write(f"assort: {gate.name} failed. {gate.mend}\n")
    return 1 if failed else 0


def gates(openapi: Path) -> list[Gate]:
    """Return the gates in their order; the last but one writes `openapi`, the last compares it."""
    python = sys.executable
    imports = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    spectacular = ("spectacular", "--format", "openapi-json", "--validate", "--fail-on-warn", "--file")
    regenerate = f"Run ./assort manage {' '.join(spectacular)} {_OPENAPI}"
    return [
        Gate(
            "style",
            (python, "-m", "ruff", "check", "."),
            "Mend what is listed above; ruff check --fix does some.",
        ),
        Gate("format", (python, "-m", "ruff", "format", "--check", "."), "Run ruff format."),
        Gate("types", (python, "-m", "mypy", *_PACKAGES, "tests"), "Mend the types listed above."),
        Gate("imports", (python, "-c", imports), "Imports run one way: saas, frontend, classifier, tenants."),
        Gate(
            "security",
            (python, "-m", "bandit", "-q", "-c", "pyproject.toml", "-r", *_PACKAGES),
            "Mend the above.",
        ),
        Gate(
            "migrations",
            # Without the warning that there is no database to compare with: none is needed.
            (python, "-W", "ignore", *MANAGE[1:], "makemigrations", "--check", "--dry-run"),
            "Run ./assort manage makemigrations and commit the files.",
        ),
        Gate("openapi", (*MANAGE, *spectacular, str(openapi)), "Mend the warnings above."),
        Gate("openapi.json", ("diff", "-u", _OPENAPI, str(openapi)), f"{regenerate} and commit it."),
    ]


def _holds(gate: Gate, environment: dict[str, str]) -> bool:
    sys.stdout.write(f"--- {gate.name}\n")
    sys.stdout.flush()
    return subprocess.run(gate.command, cwd=ROOT, env=environment, check=False).returncode == 0
