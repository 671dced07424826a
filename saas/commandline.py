"""The command `./assort`."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from saas import checks, parts, production, smoke, supervisor
from saas.directory import DirectoryError
from saas.embedded_server import EmbeddedError
from saas.instance import ROOT, Instance, InstanceError
from saas.place import DATA, IS_CHECKOUT, MANAGE, PROGRAM
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
        self.exit(2, f"assort: {message}. {PROGRAM} --help lists the commands.\n")


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command and return the exit status."""
    options = _parser().parse_args(arguments)
    # Who may read a file is said by the folders around it: what organisations share must be readable to their workers.
    os.umask(0o022)
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        return command(options)
    except (CommandError, DirectoryError, InstanceError, EmbeddedError, StartError) as error:
        sys.stderr.write(f"assort: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM, description="A self-hosted, multi-tenant classification service.")
    parser.add_argument("--data", type=Path, default=DATA, help="the instance's directory (.assort)")
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
    address = "the address that customers use; with https:// the doors of development are closed"
    up.add_argument("--public-url", type=_origin, default="", metavar="URL", help=address)
    proxies = "whose word about a client counts: the proxy that ends TLS (127.0.0.1)"
    up.add_argument("--behind-proxy", type=_networks, metavar="ADDRESS[,…]", help=proxies)
    who = "who may make an account: everybody, the invited, or nobody but operators (open; with https:// invite)"
    up.add_argument("--sign-up", choices=("open", "invite", "closed"), help=who)
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

    smoke = commands.add_parser("smoke", help="try a running service from outside, and leave nothing behind")
    smoke.add_argument(
        "--url", type=_address, required=True, help="where the service is, such as http://127.0.0.1:8000"
    )
    smoke.add_argument("--key", default="", help="a key of all four scopes (else ASSORT_KEY); without one it signs up")
    smoke.add_argument("--json", type=Path, metavar="FILE", help="also write the table there, as JSON")
    smoke.add_argument("--timeout", type=_seconds, default=300, metavar="S", help="how long it may take (300)")
    smoke.set_defaults(run=_smoke)

    check = commands.add_parser("check", help="run the gates: style, types, imports, security, generated files")
    check.set_defaults(run=_check)

    package = commands.add_parser("package", help="build the wheel and the source distribution into dist/")
    package.add_argument(
        "--try", action="store_true", dest="tries", help="then install the wheel elsewhere, and use it"
    )
    package.set_defaults(run=_package)

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


def _seconds(text: str) -> int:
    if not (text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return int(text)


def _address(text: str) -> str:
    if urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).hostname:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address that begins with http:// or https://")
    return text.rstrip("/")


def _origin(text: str) -> str:
    if not text:
        return text
    address = _address(text)
    split = urlsplit(address)
    if split.path or split.query or split.fragment or "@" in split.netloc:
        raise argparse.ArgumentTypeError(f"{text!r} is more than scheme and host: give one such as https://example.com")
    return address


def _networks(text: str) -> str:
    for part in text.split(","):
        try:
            ip_network(part.strip())
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{error}: give addresses and networks, such as 10.0.0.0/8") from None
    return text


def _up(options: argparse.Namespace) -> int:
    create = partial(
        Instance.create,
        options.data,
        options.port,
        public_url=options.public_url,
        encoder=not options.no_encoder,
        web_processes=options.web_processes,
        sign_up=options.sign_up,
        behind_proxy=options.behind_proxy,
    )
    instance = create()
    production.check(instance)
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
        raise CommandError(f"nothing was deleted. Run {PROGRAM} up without --fresh to keep the data.")
    instance.claim()
    supervisor.end_leftovers(instance)
    instance.erase()
    instance.release()


def _smoke(options: argparse.Namespace) -> int:
    report = smoke.Report(options.url)
    try:
        # An argument can be read by every user of the machine, the environment cannot.
        smoke.run(
            options.url, key=options.key or os.environ.get("ASSORT_KEY", ""), seconds=options.timeout, report=report
        )
    except smoke.Failed as error:
        raise CommandError(str(error)) from None
    finally:
        if options.json:
            options.json.write_text(json.dumps(report.as_json(), indent=2) + "\n")
    if not report.ok:
        raise CommandError(f"smoke: {report.summary()}")
    sys.stdout.write(f"{report.summary()}\n")
    return 0


def _check(_options: argparse.Namespace) -> int:
    _enter_checkout("check")
    return checks.run_all()


def _package(options: argparse.Namespace) -> int:
    _enter_checkout("package")
    status = subprocess.call([sys.executable, "-m", "build", "--no-isolation"])
    if status or not options.tries:
        return status
    return subprocess.call([sys.executable, "-m", "tests.end_to_end.installed"])


def _enter_checkout(command: str) -> None:
    """Go to the root of the checkout. Raises CommandError where there is none."""
    if not IS_CHECKOUT:
        raise CommandError(f"{command} is for a checkout of the project, and this is an installed package.")
    os.chdir(ROOT)


def _test(options: argparse.Namespace) -> NoReturn:
    _enter_checkout("test")
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *(options.arguments or _WHOLE_SUITE)])


def _bench(options: argparse.Namespace) -> NoReturn:
    _enter_checkout("bench")
    os.execv(sys.executable, [sys.executable, "-m", "tests.bench", *options.arguments])


def _prove(options: argparse.Namespace) -> NoReturn:
    _enter_checkout("prove")
    os.execv(sys.executable, [sys.executable, "-m", "tests.prove", *options.arguments])


def _manage(options: argparse.Namespace) -> NoReturn:
    arguments: list[str] = options.arguments
    instance = Instance.create(options.data)
    is_offline = not arguments or arguments[0] in _OFFLINE
    if not (is_offline or instance.is_running or instance.database_url):
        raise CommandError(f"nothing runs on {instance.data}. Start it with {PROGRAM} up, then repeat this command.")
    environment = instance.environment(instance.management_part(arguments))
    if IS_CHECKOUT:
        os.chdir(ROOT)
    os.execve(sys.executable, [*MANAGE, *arguments], environment)


if __name__ == "__main__":
    sys.exit(main())
