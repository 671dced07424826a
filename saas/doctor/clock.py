"""How far a server's clock is from this machine's: leases, limits and schedules are counted by both."""

from collections.abc import Callable

from saas.doctor.finding import Finding, missing, ok, warning

_SLIGHT, _SEVERE = 1.0, 10.0


def skew(server: str, theirs: Callable[[], float], ours: Callable[[], float]) -> Finding:
    """Ask for the server's time, in seconds since 1970, and hold it against the middle of the asking."""
    before = ours()
    said = theirs()
    seconds = abs(said - (before + ours()) / 2)
    about, todo = f"clock of {server}", "let both machines keep time by NTP (chrony, systemd-timesyncd)."
    if seconds > _SEVERE:
        return missing(about, f"the clock of {server} is {seconds:.0f} s from this machine's", todo)
    if seconds > _SLIGHT:
        return warning(about, f"the clock of {server} is {seconds:.1f} s from this machine's", todo)
    return ok(about, f"the clock of {server} agrees with this machine's")
