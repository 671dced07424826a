"""`./assort bench`: measures on a service of its own, prints a table, and writes it as JSON where it is told to.

Each subject is a module here with a function `measure(service) -> list[Row]`.
"""

import argparse
import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

import django

from tests import service
from tests.bench.row import Row

SUBJECTS = ("pages", "lighthouse", "tasks")


def main() -> int:
    try:
        return _run()
    finally:
        service.end()


def _run() -> int:
    parser = argparse.ArgumentParser(prog="./assort bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", choices=SUBJECTS, metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the numbers")
    options = parser.parse_args()
    rows = {subject: _measure(subject) for subject in options.subjects or SUBJECTS}
    if options.json:
        numbers = {subject: [asdict(row) for row in found] for subject, found in rows.items()}
        options.json.write_text(json.dumps(numbers, indent=2) + "\n")
    return 0


def _measure(subject: str) -> list[Row]:
    service.SERVICE.start()
    # The subjects know the pages, which want Django's settings, which the service has put into the environment.
    django.setup()
    found: list[Row] = importlib.import_module(f"tests.bench.{subject}").measure(service.SERVICE)
    sys.stdout.write(f"--- {subject}\n" + "".join(f"{row}\n" for row in found))
    sys.stdout.flush()
    return found


if __name__ == "__main__":
    sys.exit(main())
