"""`./assort prove`: attacks and breaks a service of its own, and writes down what held.

`./assort prove mutants` tries the tests themselves: each wall is taken away in a copy, and its tests must notice.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

from saas.instance import ROOT

SUITES = ("tests/isolation", "tests/faults", "tests/abuse")
FOLDER = ROOT / ".assort-prove"


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["mutants"]:
        return int(importlib.import_module("tests.prove.mutation").main(arguments[1:]))
    options = _parser().parse_args(arguments)
    if options.long:
        os.environ["ASSORT_PROVE"] = "long"
    paths = options.paths or [suite for suite in SUITES if (ROOT / suite).is_dir()]
    # How much is tried is read from the environment when the suites are loaded, and so after the options.
    return int(importlib.import_module("tests.prove.suites").run(paths, html=options.html, json=options.json))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./assort prove", description=__doc__)
    parser.add_argument("paths", nargs="*", metavar="PATH", help=f"tests of these alone; all of {', '.join(SUITES)}")
    parser.add_argument("--long", action="store_true", help="try much more, and from a seed of chance")
    parser.add_argument("--html", type=Path, default=FOLDER / "scorecard.html", metavar="FILE", help="the page")
    parser.add_argument("--json", type=Path, default=FOLDER / "scorecard.json", metavar="FILE", help="for programs")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
