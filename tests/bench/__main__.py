"""`./assort bench`: measures on a service of its own, prints a table, and writes it where it is told to.

Each subject is a module here with a function `measure(service) -> list[Row]`. With --peers the same models are also
measured under other model servers, which are installed at the first time. With --models, data sets are trained on.
"""

import argparse
import importlib
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

import django

from tests import service
from tests.bench import machine, picture, report, wrk
from tests.bench.contest import CONTESTS, Contest
from tests.bench.curves import Point
from tests.bench.row import Row

SUBJECTS = ("idle", "pages", "lighthouse", "tasks", "serving", "cold", "promotion", "neighbours", "tenants")
WITHOUT_WRK = frozenset({"idle", "pages", "lighthouse", "tasks"})


@dataclass
class Found:
    """What has been measured so far, and where it is written, each time that there is more of it."""

    options: argparse.Namespace
    rows: dict[str, list[Row]] = field(default_factory=dict)
    curves: dict[str, list[Point]] = field(default_factory=dict)

    def add(self, subject: str, rows: list[Row]) -> None:
        self.rows[subject] = rows
        sys.stdout.write(f"--- {subject}\n" + "".join(f"{row}\n" for row in rows))
        sys.stdout.flush()
        self._write()

    def _write(self) -> None:
        said = machine.described(peers=bool(self.curves))
        if self.options.json:
            numbers = {subject: [asdict(row) for row in rows] for subject, rows in self.rows.items()}
            curves = {title: [asdict(point) for point in points] for title, points in self.curves.items()}
            self.options.json.write_text(json.dumps({"machine": said, **numbers, "curves": curves}, indent=2) + "\n")
        if self.options.markdown:
            self.options.markdown.write_text(report.markdown(said, self.rows, self.curves))
        if self.options.picture and self.curves:
            picture.draw(self.curves, self.options.picture)


def main() -> int:
    try:
        return _run()
    except wrk.Missing as error:
        sys.stderr.write(f"assort: {error}\n")
        return 1
    finally:
        service.end()


def _run() -> int:
    options = _parser().parse_args()
    subjects = options.subjects or ([] if options.peers or options.models else SUBJECTS)
    if options.peers or set(subjects) - WITHOUT_WRK:
        wrk.require()
    # The peers have one, and this machine has few cores.
    service.SERVICE.web_processes = 1
    service.SERVICE.start()
    # The subjects know the pages, which want Django's settings, which the service has put into the environment.
    django.setup()
    found = Found(options)
    for subject in subjects:
        module = importlib.import_module(f"tests.bench.{subject}")
        bounds = {"most": options.tenants} if subject == "tenants" else {}
        found.add(subject, module.measure(service.SERVICE, **bounds))
    if options.models:
        found.add("models", importlib.import_module("tests.bench.models").measure(service.SERVICE, options.models))
    for contest in options.peers:
        compared = importlib.import_module("tests.bench.comparison").measure(service.SERVICE, contest)
        found.curves[contest.title] = compared.points
        found.add(f"peers {contest.title}", compared.rows)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./assort bench", description=__doc__)
    named = ", ".join(SUBJECTS)
    parser.add_argument("subjects", nargs="*", type=_subject, metavar="SUBJECT", help=f"{named}; all without --peers")
    peers = "the same model under MLServer, BentoML, LitServe and MLflow: fast, best (with an encoder), or both"
    both = tuple(CONTESTS.values())
    parser.add_argument("--peers", nargs="?", type=_contest, const=both, default=(), metavar="QUALITY", help=peers)
    folder = "train on each folder's train.csv in there and ask its test.csv"
    parser.add_argument("--models", type=_directory, metavar="DIR", help=folder)
    parser.add_argument("--tenants", type=_count, default=1_000, metavar="N", help="so many at the most (1000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the numbers")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="where to write the tables")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="where to draw the curves of --peers, as SVG")
    return parser


def _contest(text: str) -> tuple[Contest, ...]:
    if text not in CONTESTS:
        known = " or ".join(CONTESTS)
        raise argparse.ArgumentTypeError(f"{text!r} is no quality: choose {known}, and name subjects before --peers")
    return (CONTESTS[text],)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of organisations: choose one from 1")
    return int(text)


def _directory(text: str) -> Path:
    folder = Path(text)
    if not list(folder.glob("*/train.csv")):
        raise argparse.ArgumentTypeError(f"{text!r} has no folders with a train.csv and a test.csv")
    return folder


def _subject(text: str) -> str:
    # `choices` of argparse would refuse to be given none.
    if text not in SUBJECTS:
        raise argparse.ArgumentTypeError(f"{text!r} is no subject: choose from {', '.join(SUBJECTS)}")
    return text


if __name__ == "__main__":
    sys.exit(main())
