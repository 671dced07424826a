from frontend.finders import SERVED, NodeModulesFinder


def test_the_listed_files_are_found() -> None:
    assert [path for path, _ in NodeModulesFinder().list(None)] == list(SERVED)
    assert NodeModulesFinder().find(SERVED[0]).endswith(SERVED[0])


def test_nothing_else_of_the_packages_is_served() -> None:
    assert NodeModulesFinder().find("@tabler/core/package.json") is None
    assert NodeModulesFinder().find("../package.json", find_all=True) == []
