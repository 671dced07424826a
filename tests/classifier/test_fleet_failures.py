from classifier.fleet.failures import LAST_DELAY, QUARANTINED_AFTER, SHORT_LIFE, Failures, after


def short_lives(count: int) -> list[Failures]:
    """Return what is known after each of so many short lives in a row."""
    known, found = None, []
    for _ in range(count):
        known = after(known, lived=0.1, is_clean=False, now=0.0)
        assert known is not None
        found.append(known)
    return found


def test_every_short_life_makes_the_next_attempt_later() -> None:
    delays = [known.until for known in short_lives(12)]
    assert delays == sorted(delays)
    assert delays[0] < 1


def test_several_in_a_row_are_put_in_quarantine() -> None:
    known = short_lives(QUARANTINED_AFTER)
    assert [each.is_quarantine for each in known] == [False] * (QUARANTINED_AFTER - 1) + [True]
    assert known[-1].until > LAST_DELAY


def test_an_accident_after_a_long_life_is_none_of_them() -> None:
    [known] = short_lives(1)
    assert after(known, lived=SHORT_LIFE + 1, is_clean=False, now=0.0) is None


def test_a_clean_end_makes_all_well() -> None:
    *_, known = short_lives(QUARANTINED_AFTER)
    assert after(known, lived=0.1, is_clean=True, now=0.0) is None
