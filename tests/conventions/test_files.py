"""What holds for every file."""

import re
from pathlib import Path

import pytest

from saas.instance import ROOT
from tests.conventions.sources import PACKAGES, files, folders, modules, read

BINARY = {".png", ".ico", ".woff2", ".gz", ".pyc"}
LONGEST = 400
# Lists that grow with what they list, and files that a program writes.
MAY_BE_LONG = re.compile(
    r"requirements.*\.txt|.*package-lock\.json|openapi\.json|saas/settings\.py|.*\.csv|.*\.svg|.*\.min\.\w+"
)
# A gate that is switched off says which of its rules.
UNNAMED = re.compile(r"#\s*(type:\s*ignore(?!\[)|noqa(?!:\s*[A-Z]+\d+)|nosec(?!\s+B\d+))")


@pytest.mark.parametrize("path", [path for path in files() if path.suffix not in BINARY], ids=str)
def test_a_file_is_utf_8_with_plain_line_ends(path: Path) -> None:
    content = (ROOT / path).read_bytes()
    assert "\ufeff" not in content.decode("utf-8")
    assert b"\r" not in content


def test_no_file_has_more_than_400_lines() -> None:
    texts = [path for path in files() if path.suffix not in BINARY and not MAY_BE_LONG.fullmatch(str(path))]
    assert [(str(path), lines) for path in texts if (lines := read(path).count("\n")) > LONGEST] == []


def test_whatever_is_ignored_is_named() -> None:
    found = [
        f"{path}:{number}"
        for path in modules(*PACKAGES, "tests")
        for number, line in enumerate(read(path).splitlines(), start=1)
        if path.name != Path(__file__).name and UNNAMED.search(line)
    ]
    assert found == []


def test_contributing_names_every_folder() -> None:
    text = read(Path("CONTRIBUTING.md"))
    assert sorted(folder for folder in folders() if f"`{folder}/`" not in text) == []
