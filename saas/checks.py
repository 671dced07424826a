"""The gates that a change must pass: style, types, imports, security, generated files, licences, workflows."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from saas.instance import ROOT, Instance
from saas.place import MANAGE

_PACKAGES = ("saas", "tenants", "classifier", "frontend")
_OPENAPI = "openapi.json"
_WORKFLOWS = tuple(sorted(str(path.relative_to(ROOT)) for path in (ROOT / ".github" / "workflows").glob("*.yml")))


@dataclass(frozen=True)
class Gate:
    name: str
    command: tuple[str, ...]
    mend: str
    is_online: bool = False  # Needs the network, and so runs only when it is named.


class GateError(Exception):
    """There is no such gate; the message says which there are."""


def run(names: Sequence[str] = ()) -> int:
    """Run the gates of these names, or all that need no network, also after one has failed; return 0 if all hold."""
    with tempfile.TemporaryDirectory(prefix="assort-check-") as folder:
        generated = Path(folder) / _OPENAPI
        # Migrations and the document are made from settings alone: this instance is never started.
        environment = Instance.create(Path(folder) / "data").environment("prepare")
        failed = [gate for gate in chosen(gates(generated), names) if not _holds(gate, environment)]
    for gate in failed:
        sys.stderr.write(f"assort: {gate.name} failed. {gate.mend}\n")
    return 1 if failed else 0


def chosen(known: Sequence[Gate], names: Sequence[str]) -> list[Gate]:
    """Return the gates of these names, in their usual order; without names those that need no network."""
    if unknown := set(names) - {gate.name for gate in known}:
        gates = ", ".join(dict.fromkeys(gate.name for gate in known))
        raise GateError(f"there is no gate {', '.join(sorted(unknown))}. Choose among {gates}.")
    return [gate for gate in known if (gate.name in names if names else not gate.is_online)]


def gates(openapi: Path) -> list[Gate]:
    """Return the gates in their order; the first of `openapi` writes that file, the second compares it."""
    python = sys.executable
    imports = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    spectacular = ("spectacular", "--format", "openapi-json", "--validate", "--fail-on-warn", "--file")
    schema = (python, "-m", "check_jsonschema", "--quiet", "--builtin-schema")
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
        Gate("openapi", ("diff", "-u", _OPENAPI, str(openapi)), f"{regenerate} and commit it."),
        Gate(
            "licences",
            (python, "-m", "tests.delivery.licences"),
            "Choose other packages, or name them in tests/delivery/licences.toml, with the reason.",
        ),
        Gate(
            "workflows",
            (str(Path(python).with_name("zizmor")), "--offline", "--quiet", "--persona=pedantic", ".github"),
            "Mend what is listed above.",
        ),
        Gate("workflows", (*schema, "vendor.github-workflows", *_WORKFLOWS), "Mend what is listed above."),
        Gate("workflows", (*schema, "vendor.dependabot", ".github/dependabot.yml"), "Mend what is listed above."),
        Gate("shell", (python, "-m", "tests.delivery.shell"), "Mend what is listed above."),
        Gate(
            "audit",
            (python, "-m", "tests.delivery.audit"),
            "Lock versions without the vulnerability. Where a list could not be had, repeat it with a network.",
            is_online=True,
        ),
    ]


def _holds(gate: Gate, environment: dict[str, str]) -> bool:
    sys.stdout.write(f"--- {gate.name}\n")
    sys.stdout.flush()
    return subprocess.run(gate.command, cwd=ROOT, env=environment, check=False).returncode == 0
