import os

from tenants import ids


def test_names_are_of_the_alphabet_and_never_the_same() -> None:
    names = [ids.new("cls") for _ in range(20_000)]
    assert len(set(names)) == len(names)
    assert set("".join(names)) <= set(ids.ALPHABET) | {"_"}


def test_a_forked_child_draws_other_names_than_its_parent() -> None:
    ids.new("cls")  # So that something is left of what was drawn.
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.write(write, ids.new("cls").encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100).decode() != ids.new("cls")
    os.close(read)
    os.close(write)
