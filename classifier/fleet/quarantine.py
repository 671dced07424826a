"""Keeps the quarantine in the database and the one in this process's memory the same."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from classifier.fleet import record
from classifier.fleet.failures import Failures

Key = tuple[str, str]


@dataclass
class SharedQuarantine:
    """An operator releases by deleting a row; another host puts somebody in by writing one."""

    host: str
    log_of: Callable[[str], Path]
    _known: set[Key] = field(default_factory=set)

    def share(self, failures: dict[Key, Failures]) -> None:
        """Take over what the database knows, and tell it what is new."""
        rows = record.quarantined()
        for released in self._known - rows.keys():
            failures.pop(released, None)
        for recovered in self._known & (rows.keys() - failures.keys()):
            record.end_quarantine(*recovered)
        for key in rows.keys() - self._known - failures.keys():
            failures[key] = rows[key]
        own = {key: failed for key, failed in failures.items() if failed.is_quarantine}
        for key, failed in own.items():
            if key not in rows or rows[key].count != failed.count:
                record.put_in_quarantine(self.host, *key, failed, str(self.log_of(key[0])))
        self._known = set(own)
