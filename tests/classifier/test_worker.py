from classifier import worker
from classifier.secret import Secret


def secret(use: str) -> Secret:
    return Secret("abcdefgh12345678", use, "one", "other", training_bytes=123_456_789)


def test_a_training_has_the_memory_that_the_plan_allows() -> None:
    assert worker.limits_of(secret("train")).data == 123_456_789


def test_what_answers_has_a_bound_of_its_own() -> None:
    assert worker.limits_of(secret("infer")).data == worker.LIMITS["infer"].data == 4 * worker.GIGABYTE
