from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prove import mutation
from tests.prove.mutants import Mutant

NOTICES = "from product import wall\n\ndef test_it(): assert wall()\ndef test_nothing(): pass\n"


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """A project of two files, whose test notices when its wall is gone."""
    (tmp_path / "product.py").write_text("def wall(): return True\n")
    (tmp_path / "test_product.py").write_text(NOTICES)
    yield tmp_path
    assert (tmp_path / "product.py").read_text() == "def wall(): return True\n"


def mutant(old: str = "True", *, test: str = "test_it") -> Mutant:
    return Mutant("no wall", "product.py", old, "False", (f"test_product.py::{test}",))


def test_a_mutant_is_caught_by_the_test_that_fails(copy: Path) -> None:
    assert mutation.tried(copy, mutant()).noticed == "test_product.py::test_it"


def test_a_test_that_cannot_begin_has_noticed_nothing(copy: Path) -> None:
    (copy / "conftest.py").write_text(
        "import pytest, product\n@pytest.fixture(autouse=True)\ndef _it(): product.wall(1)\n"
    )
    assert mutation.tried(copy, mutant()).noticed == ""


def test_a_mutant_that_nobody_notices_is_missed(copy: Path) -> None:
    verdict = mutation.tried(copy, mutant(test="test_nothing"))
    assert (verdict.noticed, verdict.fault) == ("", "its tests pass")


def test_a_test_that_is_not_there_has_noticed_nothing(copy: Path) -> None:
    verdict = mutation.tried(copy, mutant(test="test_gone"))
    assert verdict.noticed == ""
    assert verdict.fault.startswith("its tests did not run")


def test_a_mutant_whose_text_is_gone_is_missed(copy: Path) -> None:
    assert "does not stand exactly once" in mutation.tried(copy, mutant("Maybe")).fault


def test_words_that_name_no_mutant_are_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutation.main(["no such wall"]) == 2
    assert "no mutant" in capsys.readouterr().err
