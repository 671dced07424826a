"""What the fleet gives a worker it has forked, and nobody else."""

import json
from dataclasses import dataclass, field
from typing import Self

from tenants import ids


@dataclass(frozen=True)
class Secret:
    """All that a worker is given: whose it is, what it does, its own two passwords, and its plan's bounds.

    `token` is the number of the lease under which it was started: the database hands no job to an older one. `name` is
    random: by it gateways count workers, and the fleet finds what a dead one had in hand.
    """

    tenant: str
    use: str
    database_password: str
    broker_password: str
    dataset_rows: int = 1_000_000
    training_seconds: int = 3_600
    training_bytes: int = 4 * 1024**3
    token: int = 0
    name: str = field(default_factory=lambda: ids.random_text(8))

    def to_bytes(self) -> bytes:
        return json.dumps(self.__dict__).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        return cls(**json.loads(content))
