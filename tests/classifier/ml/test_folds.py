from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from classifier.ml.folds import folds, sample

TARGETS = st.lists(st.integers(0, 5), min_size=1, max_size=80)


@given(TARGETS)
def test_every_fold_is_fitted_with_every_label(values: list[int]) -> None:
    targets = np.array(values)
    dealt = folds(targets, seed=0)
    for fold in range(int(dealt.max()) + 1):
        assert set(targets[dealt != fold]) == set(values)


@given(TARGETS)
def test_each_label_has_its_share_of_every_fold(values: list[int]) -> None:
    targets = np.array(values)
    dealt = folds(targets, seed=1)
    for label in set(values):
        counts = np.bincount(dealt[(targets == label) & (dealt >= 0)], minlength=10)
        assert counts.max() - counts.min() <= 1


def test_a_sample_keeps_two_rows_of_every_label() -> None:
    targets = np.array([0] * 9_000 + [1] * 900 + [2] * 3 + [3])
    rows = sample(targets, seed=0, size=100)
    assert np.bincount(targets[rows]).tolist() == [91, 9, 2, 1]
    assert rows.tolist() == sorted(rows.tolist())
    assert sample(targets, seed=0, size=10_000).tolist() == list(range(9_904))
