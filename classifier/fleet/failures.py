"""What becomes of workers that fail as soon as they start: tried again later each time, and then put in quarantine."""

from dataclasses import dataclass

# A worker that lived so long was well, whatever ended it.
SHORT_LIFE = 5.0
FIRST_DELAY, LAST_DELAY = 0.5, 30.0
# So many short lives in a row are no accident: an operator is told, and the next attempts are rare.
QUARANTINED_AFTER = 5
FIRST_QUARANTINE, LAST_QUARANTINE = 60.0, 3600.0


@dataclass(frozen=True)
class Failures:
    """So many short lives in a row; the next attempt is not made before `until`."""

    count: int
    until: float

    @property
    def is_quarantine(self) -> bool:
        return self.count >= QUARANTINED_AFTER


def after(known: Failures | None, *, lived: float, is_clean: bool, now: float) -> Failures | None:
    """Return what is known once a worker has ended that nobody told to; None when all is well."""
    if is_clean or lived > SHORT_LIFE:
        return None
    count = (known.count if known else 0) + 1
    if count < QUARANTINED_AFTER:
        return Failures(count, now + min(LAST_DELAY, FIRST_DELAY * 2 ** (count - 1)))
    return Failures(count, now + min(LAST_QUARANTINE, FIRST_QUARANTINE * 2 ** (count - QUARANTINED_AFTER)))
