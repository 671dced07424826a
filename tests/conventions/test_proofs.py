"""Every attack and every fault says what it proves, in words that the scorecard knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conventions.sources import files, parsed
from tests.prove.ledger import ENFORCERS, LAYERS
from tests.prove.walls import WALLS

SUITES = ("isolation", "faults", "abuse")
MODULES = [
    path
    for path in files()
    if path.parts[0] == "tests" and path.parts[1] in SUITES and path.name.startswith("test_") and path.suffix == ".py"
]


def marks(node: ast.AST) -> Iterator[tuple[str, list[ast.expr]]]:
    """Yield name and arguments of each of pytest's marks below this node."""
    for inner in ast.walk(node):
        called = inner.func if isinstance(inner, ast.Call) else inner
        if isinstance(called, ast.Attribute) and ast.unparse(called.value) == "pytest.mark":
            yield called.attr, inner.args if isinstance(inner, ast.Call) else []


def unproven(module: ast.Module) -> list[str]:
    """Return the tests that say neither what they prove nor that they are a control."""
    of_all = [name for node in module.body if _is_pytestmark(node) for name, _ in marks(node)]
    functions = (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef))
    tests = [function for function in functions if function.name.startswith("test_")]
    own = {test.name: [name for decorator in test.decorator_list for name, _ in marks(decorator)] for test in tests}
    return [name for name, said in own.items() if not {"proves", "control"} & {*said, *of_all}]


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_every_test_says_what_it_proves(path: Path) -> None:
    assert unproven(parsed(path)) == []


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_layers_enforcers_and_needs_are_words_that_are_known(path: Path) -> None:
    for name, arguments in marks(parsed(path)):
        said = [argument.value for argument in arguments if isinstance(argument, ast.Constant)]
        # What is no literal is put together from a table in the same file.
        if name == "proves" and arguments and len(said) == len(arguments):
            layer, enforcers, attack = map(str, said)
            assert layer in LAYERS
            assert set(enforcers.split(", ")) <= set(ENFORCERS)
            assert attack
        if name == "needs":
            assert set(said) <= set(WALLS)


def test_a_test_without_a_word_is_seen() -> None:
    text = "@pytest.mark.control\ndef test_a(): pass\n@pytest.mark.parametrize('a', [1])\ndef test_b(): pass\n"
    assert unproven(ast.parse(text)) == ["test_b"]
    assert unproven(ast.parse("pytestmark = pytest.mark.proves('a', 'b', 'c')\n" + text)) == []
