"""State changes live in verb functions (`datasets.create`, `training.start`); the edges only call them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.conventions.sources import modules, parsed

WRITES = {
    *("save", "create", "delete", "update", "get_or_create", "update_or_create"),
    *("bulk_create", "bulk_update", "add", "set", "clear"),
}


def edges() -> list[Path]:
    """Return the modules that meet the outside: views, serializers, forms, commands, tasks, middleware."""
    inner = {"classifier/tasks.py", "tenants/middleware.py"}
    return [
        path
        for path in modules("tenants", "classifier", "frontend", "saas")
        if path.parts[0] == "frontend" or {"api", "management"} & set(path.parts) or str(path) in inner
    ]


def writes(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and text of each call that writes rows: of a manager, a query set or an instance."""
    verbs = set(_imported(module))
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            receiver = ast.unparse(node.func.value)
            # A dictionary and a hash are updated with a position, rows with names.
            if receiver not in verbs and not (node.func.attr == "update" and node.args):
                yield node.lineno, ast.unparse(node.func)


def _imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names if alias.name.islower())


def test_no_edge_writes_rows_itself() -> None:
    found = [f"{path}:{line} {text}" for path in edges() for line, text in writes(parsed(path))]
    assert found == []


def test_the_edges_are_found() -> None:
    names = set(map(str, edges()))
    some = {"classifier/api/views.py", "tenants/middleware.py", "classifier/tasks.py", "frontend/forms/models.py"}
    assert some <= names
    assert "classifier/datasets.py" not in names


def test_a_write_is_seen_and_a_verb_is_none() -> None:
    text = "from classifier import datasets\ndatasets.create(a=1)\nDataset.objects.create(a=1)\nrow.save()\n"
    assert list(writes(ast.parse(text))) == [(3, "Dataset.objects.create"), (4, "row.save")]
