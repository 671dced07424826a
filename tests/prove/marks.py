"""What a test says of itself, in each of its reports: pytest loads this as a plugin in every process of a run.

So the scorecard, which is written in one process, knows the marks of a test that ran in another.
"""

from collections.abc import Sequence

import pytest

from tests.prove import walls


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        proves = item.get_closest_marker("proves")
        if item.get_closest_marker("control"):
            item.user_properties.append(("control", True))
        elif proves:
            item.user_properties.append(("proves", list(proves.args)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    lacking = walls.lacking(name for mark in item.iter_markers("needs") for name in mark.args)
    if lacking:
        pytest.skip(lacking)
