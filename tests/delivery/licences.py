"""The licences of everything that is installed: each allowed, or an exception with a reason.

What the product installs and what only its development takes are held to lists of their own, both in licences.toml.
Packages of Python are read as they are installed, those of npm from the lock file, which repeats what they say.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

from license_expression import ExpressionError, get_spdx_licensing

from saas.instance import ROOT

LIST = Path(__file__).with_name("licences.toml")
PRODUCT = ("requirements.txt", "requirements-encoder.txt", "requirements-s3.txt")
DEVELOPMENT = "requirements-dev.txt"
PRODUCT_MODULES = "frontend/package-lock.json"
DEVELOPMENT_MODULES = "tests/browser/package-lock.json"
_SPDX = get_spdx_licensing()


@dataclass(frozen=True)
class Package:
    name: str
    says: str  # An expression of SPDX where it can be read as one, else the package's own words.


@dataclass(frozen=True)
class Policy:
    allowed: frozenset[str]
    exceptions: Mapping[str, str]  # What each package says that is accepted by name.

    def complaint(self, package: Package) -> str | None:
        """Return what is wrong with this package's licence, or None."""
        if package.name in self.exceptions:
            accepted = self.exceptions[package.name]
            return None if package.says == accepted else f"says {package.says!r}, and was accepted for {accepted!r}"
        if not package.says:
            return "does not say its licence"
        try:
            expression = _SPDX.parse(package.says, validate=True)
        except ExpressionError:
            return f"says {package.says!r}, which is no licence of SPDX"
        return None if self._holds(expression) else f"is under {package.says}, which is not allowed"

    def _holds(self, expression: Any) -> bool:
        if isinstance(expression, _SPDX.OR):
            return any(map(self._holds, expression.args))
        if isinstance(expression, _SPDX.AND):
            return all(map(self._holds, expression.args))
        return str(expression) in self.allowed


def main() -> int:
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))
    exceptions = {exception["package"]: exception["says"] for exception in listed["exception"]}
    allowed = frozenset(listed["allowed"]["product"])
    product, development = packages(listed["words"])
    complaints = [
        *_complaints(product, Policy(allowed, exceptions)),
        *_complaints(development, Policy(allowed | set(listed["allowed"]["development"]), exceptions)),
        *(f"{name} is an exception, and is not installed" for name in exceptions.keys() - _names(product, development)),
    ]
    for complaint in complaints:
        sys.stderr.write(complaint + "\n")
    sys.stdout.write(f"{len(product)} packages of the product, {len(development)} more of its development\n")
    return 1 if complaints else 0


def packages(words: Mapping[str, str]) -> tuple[list[Package], list[Package]]:
    """Return what the product installs, and what its development takes beside that."""
    product = {name for lock in PRODUCT for name in locked(ROOT / lock)}
    development = set(locked(ROOT / DEVELOPMENT)) - product
    return (
        [*_installed(product, words), *modules(ROOT / PRODUCT_MODULES)],
        [*_installed(development, words), *modules(ROOT / DEVELOPMENT_MODULES)],
    )


def locked(path: Path) -> list[str]:
    """Return the names of the packages in a lock file of Python's."""
    return re.findall(r"^([a-z0-9][a-z0-9.-]*)==", path.read_text(encoding="utf-8"), re.MULTILINE)


def modules(path: Path) -> list[Package]:
    """Return the packages in a lock file of npm's."""
    found = json.loads(path.read_text(encoding="utf-8"))["packages"]
    return [
        Package(place.rpartition("node_modules/")[2], str(said.get("license", "")))
        for place, said in found.items()
        if place
    ]


def said(of: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Return the licence in a package's metadata: its expression, or its classifiers, or the words in its place."""
    if expression := of.get("license_expression"):
        return str(expression)
    classifiers = [name.removeprefix("License :: ") for name in of.get("classifier", ()) if name.startswith("License ")]
    stated = classifiers or [of.get("license", "")]
    return " AND ".join(sorted({part for name in stated for part in words.get(name, name).split(" AND ")}))


def _installed(names: set[str], words: Mapping[str, str]) -> Iterator[Package]:
    for name in sorted(names):
        yield Package(name, said(metadata(name).json, words))


def _complaints(found: list[Package], policy: Policy) -> list[str]:
    return [f"{package.name} {complaint}" for package in found if (complaint := policy.complaint(package))]


def _names(*lists: list[Package]) -> set[str]:
    return {package.name for found in lists for package in found}


if __name__ == "__main__":
    sys.exit(main())
