"""The mutants of `./assort prove mutants` still say what stands in the code, and who notices them is still there."""

import ast
import re
from pathlib import Path

import pytest

from tests.conventions.sources import PACKAGES, files, parsed, read
from tests.prove.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_takes_away_stands_once_in_its_file(mutant: Mutant) -> None:
    assert Path(mutant.file).parts[0] in PACKAGES
    assert read(Path(mutant.file)).count(mutant.old) == 1
    assert mutant.new != mutant.old


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_to_notice_a_mutant_is_there(mutant: Mutant) -> None:
    for test in mutant.tests:
        file, _, function = test.partition("::")
        functions = {node.name for node in ast.walk(parsed(Path(file))) if isinstance(node, ast.FunctionDef)}
        assert not function or function in functions


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_takes_from_a_door_is_not_replaced_by_a_later_migration(mutant: Mutant) -> None:
    before, _, _ = read(Path(mutant.file)).partition(mutant.old)
    if doors := re.findall(r"FUNCTION (door\.\w+)\(", before):
        later = [path for path in files() if path.match("tenants/migrations/*.py") and str(path) > mutant.file]
        assert [path for path in later if f"OR REPLACE FUNCTION {doors[-1]}(" in read(path)] == []


def test_each_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
