"""What the fleet gives a worker it has forked, and nobody else."""

import json
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Secret:
    """All that a worker is given: whose it is, what it does, its own two passwords, and its plan's bounds.

    `token` is the number of the lease under which it was started: the database hands no job to an older one.
    """

    tenant: str
    use: str
    database_password: str
    broker_password: str
    dataset_rows: int = 1_000_000
    training_seconds: int = 3_600
    training_bytes: int = 4 * 1024**3
    token: int = 0

    def to_bytes(self) -> bytes:
        return json.dumps(self.__dict__).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        return cls(**json.loads(content))
