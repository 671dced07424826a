from pathlib import Path

import pytest

from tests.delivery import licences
from tests.delivery.licences import Package, Policy

POLICY = Policy(frozenset({"MIT", "BSD-3-Clause", "BSD-2-Clause"}), {"driver": "LGPL-3.0-only", "silent": ""})
WORDS = {"OSI Approved :: BSD License": "BSD-2-Clause AND BSD-3-Clause", "New BSD": "BSD-3-Clause"}


@pytest.mark.parametrize("says", ["MIT", "(MIT OR GPL-3.0-only)", "BSD-3-Clause AND MIT"])
def test_what_is_allowed_passes(says: str) -> None:
    assert POLICY.complaint(Package("any", says)) is None


@pytest.mark.parametrize("says", ["GPL-3.0-only", "MIT AND GPL-3.0-only", "MIT WITH Classpath-exception-2.0"])
def test_what_is_not_allowed_is_named(says: str) -> None:
    assert POLICY.complaint(Package("any", says)) == f"is under {says}, which is not allowed"


def test_what_is_unknown_or_unsaid_fails() -> None:
    assert POLICY.complaint(Package("any", "Dual License")) == "says 'Dual License', which is no licence of SPDX"
    assert POLICY.complaint(Package("any", "")) == "does not say its licence"


def test_an_exception_holds_for_what_its_package_said_then() -> None:
    assert POLICY.complaint(Package("driver", "LGPL-3.0-only")) is None
    assert POLICY.complaint(Package("silent", "")) is None
    changed = POLICY.complaint(Package("driver", "AGPL-3.0-only"))
    assert changed == "says 'AGPL-3.0-only', and was accepted for 'LGPL-3.0-only'"


def test_an_expression_comes_before_classifiers_and_those_before_words() -> None:
    metadata = {"license": "New BSD", "classifier": ["License :: OSI Approved :: BSD License", "Framework :: Django"]}
    assert licences.said({**metadata, "license_expression": "MIT"}, WORDS) == "MIT"
    assert licences.said(metadata, WORDS) == "BSD-2-Clause AND BSD-3-Clause"
    assert licences.said({"license": "New BSD"}, WORDS) == "BSD-3-Clause"
    assert licences.said({}, WORDS) == ""


def test_a_lock_of_npm_names_packages_and_what_they_say(tmp_path: Path) -> None:
    lock = tmp_path / "package-lock.json"
    lock.write_text(
        '{"packages": {"": {"license": "MIT"}, "node_modules/a/node_modules/@b/c": {"license": "ISC"}, '
        '"node_modules/d": {}}}'
    )
    assert licences.modules(lock) == [Package("@b/c", "ISC"), Package("d", "")]


def test_every_package_of_the_locks_is_looked_at() -> None:
    product, development = licences.packages({})
    names = {package.name for package in product}
    assert {"django", "onnxruntime", "boto3", "echarts"} <= names
    assert {"pytest", "axe-core"} <= {package.name for package in development} - names
