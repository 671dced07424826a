import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants import names
from tenants.errors import InvalidInput


@pytest.mark.parametrize("slug", ["acme", "a", "acme-2", "9lives", "a" * 40])
def test_a_plain_slug_is_taken(slug: str) -> None:
    assert names.check_slug(slug) == slug


@pytest.mark.parametrize("slug", ["", "-acme", "acme-", "Acme", "ac me", "ac_me", "a" * 41, "../globex", "a*", "a\n"])
def test_a_bad_slug_is_refused_with_the_rule(slug: str) -> None:
    with pytest.raises(InvalidInput, match="a-z, 0-9 and hyphens"):
        names.check_slug(slug)


@pytest.mark.parametrize("slug", ["admin", "api", "login", "postgres", "www"])
def test_a_reserved_word_is_refused(slug: str) -> None:
    with pytest.raises(InvalidInput, match="reserved"):
        names.check_slug(slug)


def test_a_look_alike_slug_is_refused() -> None:
    with pytest.raises(InvalidInput, match="letters a to z"):
        names.check_slug("аcme")  # It begins with a Cyrillic letter.


def test_a_name_that_mixes_alphabets_is_refused() -> None:
    with pytest.raises(InvalidInput, match="alphabets"):
        names.check_name("Аcme")  # It begins with a Cyrillic letter.


@pytest.mark.parametrize("name", ["Ächt & Söhne", "株式会社アクメ", "Акме", "Ακμή 24/7", "Acme, Inc."])
def test_a_name_of_one_alphabet_is_taken(name: str) -> None:
    assert names.check_name(f"  {name} ") == name


@pytest.mark.parametrize("name", ["", "   ", "a\u202eb", "a\u200bb", "a\0b", "x" * 101])
def test_an_empty_or_deceiving_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        names.check_name(name)
    assert raised.value.errors[0].pointer == "/name"


@given(st.text(max_size=200))
def test_a_suggested_slug_is_empty_or_obeys_the_rule(name: str) -> None:
    slug = names.suggest_slug(name)
    assert slug == "" or names.SLUG_PATTERN.fullmatch(slug)
