"""Whether what is said to a server can be read or answered by somebody on the way."""

import stat
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from saas.doctor.finding import Finding, missing, ok, warning


def examine(
    server: str, host: str, *, is_encrypted: bool, is_checked: bool, authority: Path | None, mend: str
) -> Iterator[Finding]:
    """Yield a finding about the connection, and one about the file that says whose certificates are believed.

    `mend` says how TLS with a look at the certificate is asked for.
    """
    name = server.removeprefix("the ").lower()
    about = f"{name} encryption"
    if is_encrypted and is_checked:
        yield ok(about, f"{server} is spoken to by TLS, and its certificate is looked at")
    elif _is_here(host):
        yield ok(about, f"{server} is on this machine, so that nobody is on the way to it")
    elif is_encrypted:
        yield warning(about, f"{server} is spoken to by TLS, and whoever answers in its place is believed", mend)
    else:
        yield warning(about, f"what is said to {server}, passwords too, can be read on the way", mend)
    if authority is not None and not _may_be_read(authority):
        said = f"not everybody may read {authority}, and workers are users of their own"
        yield missing(f"{name} authority", said, f"chmod a+r {authority}")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _may_be_read(file: Path) -> bool:
    return file.is_file() and bool(file.stat().st_mode & stat.S_IROTH)
