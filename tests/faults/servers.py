"""PostgreSQL and Valkey alone, so that something can stand between them and a service."""

import sys
from pathlib import Path

from saas import embedded
from saas.instance import Instance
from saas.supervisor import Supervisor


def main(data: Path) -> None:
    """Run both in the foreground; one that dies is started again, as `./assort up` does it."""
    Supervisor(Instance.create(data), lambda instance: [embedded.services(instance)]).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
