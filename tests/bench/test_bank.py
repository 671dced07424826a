from pathlib import Path

from tests.bench import bank
from tests.bench.bank import Bank


def test_invented_rows_are_different_texts_under_77_labels() -> None:
    rows = bank.invented(1_000, seed=1)
    assert len({text for text, _ in rows}) == 1_000
    assert len({label for _, label in rows}) == bank.LABELS


def test_invented_questions_are_not_among_the_rows_to_learn_from() -> None:
    learned = {text for text, _ in bank.invented(2_000, seed=1)}
    assert learned.isdisjoint(text for text, _ in bank.invented(500, seed=2))


def test_every_question_is_asked_one_or_many_at_a_time(tmp_path: Path) -> None:
    questions = tuple(f"question {number}" for number in range(500))
    home = Bank("bank", "t", "key", "password", questions, "ds", tmp_path)
    assert [call.body for call in home.calls()] == [{"inputs": [question]} for question in questions]
    together = [call.body["inputs"] for call in home.calls(texts=256) if isinstance(call.body, dict)]
    assert {len(texts) for texts in together} == {256}
    assert {text for texts in together for text in texts} == set(questions)
