import subprocess
import sys

from classifier import worker
from classifier.secret import Secret
from classifier.walls import ROOT


def secret(use: str) -> Secret:
    return Secret("abcdefgh12345678", use, "one", "other", training_bytes=123_456_789)


def test_a_training_has_the_memory_that_the_plan_allows() -> None:
    assert worker.limits_of(secret("train")).data == 123_456_789


def test_what_answers_has_a_bound_of_its_own() -> None:
    assert worker.limits_of(secret("infer")).data == worker.LIMITS["infer"].data == 4 * worker.GIGABYTE


def test_only_a_training_loads_scikit_learn() -> None:
    program = """
import sys, saas.celery
from classifier import worker
before = {"sklearn", "pandas"} & set(sys.modules)
worker.load_training()
print(before, {"sklearn", "pandas"} & set(sys.modules))
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "set() {'sklearn'}"
