"""The list of crash points is the list of what changes a job: what changes one and has no point here fails."""

import ast
import re

import psycopg
import pytest

from tests.conventions.sources import modules, parsed, read
from tests.faults.points import AFTER, BEFORE, POINTS, kinds
from tests.service import Service

pytestmark = pytest.mark.control

WRITES = re.compile(
    r"\b(INSERT INTO|UPDATE|DELETE FROM) (public\.)?job\b"
    r"|\bJob\.objects\b[^\n]*\.(create|update|delete|bulk_create|bulk_update|get_or_create|update_or_create)\("
)
DOORS = r"\m(INSERT INTO|UPDATE|DELETE FROM) (public\.)?job\M"


def functions_that_write() -> set[str]:
    """Return the functions of the product whose code changes jobs; a statement in a constant is its readers'."""
    found = set()
    for path in modules("classifier", "tenants", "frontend", "saas"):
        source, tree = read(path), parsed(path)
        constants = {name for name, value in _constants(tree, source) if WRITES.search(value)}
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            if WRITES.search(_text(function, source)) or names & constants:
                found.add(f"{'.'.join(path.with_suffix('').parts)}.{function.name}")
    return found


def _constants(tree: ast.Module, source: str) -> list[tuple[str, str]]:
    found = []
    for node in tree.body:
        target = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else node.targets[0]
            if isinstance(node, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name):
            found.append((target.id, _text(node, source)))
    return found


def _text(node: ast.AST, source: str) -> str:
    """Return the code of a node on one line, so that a chain of calls is seen whole."""
    return " ".join((ast.get_source_segment(source, node) or "").split())


def doors_that_write(service: Service) -> set[str]:
    with psycopg.connect(service.instance.owner_database_url()) as owner:
        query = """
            SELECT format('%%s.%%s', pronamespace::regnamespace, proname) FROM pg_proc
            WHERE pronamespace IN ('door'::regnamespace, 'public'::regnamespace) AND prosrc ~ %s
        """
        return {name for (name,) in owner.execute(query, [DOORS])}


def test_every_change_of_a_job_has_a_point(service: Service) -> None:
    assert {point.change for point in POINTS} == functions_that_write() | doors_that_write(service)


def test_every_point_is_died_at_before_and_after() -> None:
    names = {kind.name for kind in kinds()}
    assert names == {f"die {moment} {point.change}" for point in POINTS for moment in (BEFORE, AFTER)}
