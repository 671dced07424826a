"""The command `./assort`."""

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

from saas import checks, parts, supervisor
from saas.checks import GateError
from saas.directory import DirectoryError
from saas.embedded_server import EmbeddedError
from saas.instance import ROOT, Instance, InstanceError
from saas.supervisor import StartError, Supervisor

DEFAULT_PORT = 8000
# In two processes, each with a service of its own: much of the suite waits for something to start or to end.
# The tests of one file run in one of them, in their order.
_WHOLE_SUITE = ("-n", "2", "--dist", "loadfile")
# Django's commands that need no database, and so no running instance.
_OFFLINE = frozenset({"help", "--help", "check", "makemigrations", "spectacular", "version", "--version"})


class CommandError(Exception):
    """The command cannot be carried out; the message says what to do."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, without the usage."""
        self.exit(2, f"assort: {message}. ./assort --help lists the commands.\n")


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command and return the exit status."""
    options = _parser().parse_args(arguments)
    # Who may read a file is said by the folders around it: what organisations share must be readable to their workers.
    os.umask(0o022)
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        return command(options)
    except (CommandError, GateError, DirectoryError, InstanceError, EmbeddedError, StartError) as error:
        sys.stderr.write(f"assort: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="./assort", description="A self-hosted, multi-tenant classification service.")
    parser.add_argument("--data", type=Path, default=ROOT / ".assort", help="the instance's directory (.assort)")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    up = commands.add_parser("up", help="run the whole service in the foreground")
    up.add_argument("--port", type=_port, default=DEFAULT_PORT, help="the port of the web server (8000)")
    # Not a default of its own: it would overwrite the value from before the command.
    up.add_argument("--data", type=Path, default=argparse.SUPPRESS, help="the instance's directory (.assort)")
    up.add_argument("--fresh", action="store_true", help="delete all data and start over, after asking")
    up.add_argument("--yes", action="store_true", help="do not ask")
    up.add_argument("--no-encoder", action="store_true", help="run without the sentence encoder")
    up.add_argument("--mlflow-ui", action="store_true", help="also run MLflow's pages, for operators")
    usual = "how many gateways, and as many web processes behind them (one for every two cores)"
    up.add_argument("--web-processes", type=_count, metavar="N", help=usual)
    up.add_argument("--public-url", default="", metavar="URL", help="the address that customers use")
    up.set_defaults(run=_up)

    test = commands.add_parser("test", help="run the tests; arguments go to pytest", add_help=False, prefix_chars="\0")
    test.add_argument("arguments", nargs=argparse.REMAINDER)
    test.set_defaults(run=_test)

    bench = commands.add_parser("bench", help="measure; arguments go to tests.bench", add_help=False, prefix_chars="\0")
    bench.add_argument("arguments", nargs=argparse.REMAINDER)
    bench.set_defaults(run=_bench)

    prove = commands.add_parser(
        "prove", help="attack and break a service of its own", add_help=False, prefix_chars="\0"
    )
    prove.add_argument("arguments", nargs=argparse.REMAINDER)
    prove.set_defaults(run=_prove)

    coverage = commands.add_parser(
        "coverage", help="run the tests and see which branches they take", add_help=False, prefix_chars="\0"
    )
    coverage.add_argument("arguments", nargs=argparse.REMAINDER)
    coverage.set_defaults(run=_coverage)

    release = commands.add_parser(
        "release", help="the next version and what is new in it", add_help=False, prefix_chars="\0"
    )
    release.add_argument("arguments", nargs=argparse.REMAINDER)
    release.set_defaults(run=_release)

    check = commands.add_parser(
        "check", help="run the gates: style, types, imports, security, generated files, licences"
    )
    check.add_argument(
        "gates", nargs="*", metavar="GATE", help="these alone; audit needs the network, and its name here"
    )
    check.set_defaults(run=lambda options: checks.run(options.gates))

    manage = commands.add_parser("manage", help="Django's manage.py", add_help=False, prefix_chars="\0")
    manage.add_argument("arguments", nargs=argparse.REMAINDER)
    manage.set_defaults(run=_manage)
    return parser


def _port(text: str) -> int:
    if not (text.isdigit() and 1 <= int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: choose a number from 1 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not (text.isdigit() and 1 <= int(text) <= 64):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes: choose one from 1 to 64")
    return int(text)


def _up(options: argparse.Namespace) -> int:
    create = partial(
        Instance.create,
        options.data,
        options.port,
        public_url=options.public_url,
        encoder=not options.no_encoder,
        web_processes=options.web_processes,
    )
    instance = create()
    if options.fresh:
        _erase(instance, ask=not options.yes)
        instance = create()
    Supervisor(instance, partial(parts.stages, mlflow_ui=options.mlflow_ui)).run()
    return 0


def _erase(instance: Instance, *, ask: bool) -> None:
    if instance.database_url or instance.redis_url:
        raise CommandError("--fresh deletes embedded data only. Empty the database and broker of the URLs yourself.")
    if ask and not sys.stdin.isatty():
        raise CommandError("--fresh deletes all data and there is nobody to ask. Add --yes if that is meant.")
    if ask and input(f"Delete everything in {instance.data}? Type yes: ").strip().lower() != "yes":
        raise CommandError("nothing was deleted. Run ./assort up without --fresh to keep the data.")
    instance.claim()
    supervisor.end_leftovers(instance)
    instance.erase()
    instance.release()


def _test(options: argparse.Namespace) -> NoReturn:
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *(options.arguments or _WHOLE_SUITE)])


def _bench(options: argparse.Namespace) -> NoReturn:
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "tests.bench", *options.arguments])


def _prove(options: argparse.Namespace) -> NoReturn:
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "tests.prove", *options.arguments])


def _coverage(options: argparse.Namespace) -> NoReturn:
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "tests.delivery.coverage", *options.arguments])


def _release(options: argparse.Namespace) -> NoReturn:
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "tests.delivery.release", *options.arguments])


def _manage(options: argparse.Namespace) -> NoReturn:
    arguments: list[str] = options.arguments
    instance = Instance.create(options.data)
    is_offline = not arguments or arguments[0] in _OFFLINE
    if not (is_offline or instance.is_running or instance.database_url):
        raise CommandError(f"nothing runs on {instance.data}. Start it with ./assort up, then repeat this command.")
    environment = instance.environment(instance.management_part(arguments))
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "manage.py", *arguments], environment)


if __name__ == "__main__":
    sys.exit(main())
