"""The command `./assort`."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeAlias

from saas import arguments, checks, collected, manifests, parts, production, roles, smoke, supervisor
from saas.checks import GateError
from saas.directory import DirectoryError
from saas.embedded_server import EmbeddedError
from saas.env import BadEnvironment
from saas.foreground import Foreground
from saas.instance import ROOT, Instance, InstanceError
from saas.place import DATA, IS_CHECKOUT, MANAGE, PROGRAM
from saas.supervisor import StartError, Supervisor

DEFAULT_PORT = 8000
# In two processes, each with a service of its own: much of the suite waits for something to start or to end.
# The tests of one file run in one of them, in their order.
_WHOLE_SUITE = ("-n", "2", "--dist", "loadfile")
# Commands that are modules of a checkout.
_MODULES = {
    "test": ("pytest", "run the tests; arguments go to pytest"),
    "coverage": ("tests.delivery.coverage", "run the tests and see which branches they take"),
    "prove": ("tests.prove", "attack and break a service of its own"),
    "bench": ("tests.bench", "measure; arguments go to tests.bench"),
    "release": ("tests.delivery.release", "the next version and what is new in it"),
}
# Django's commands that need no database, and so no running instance.
_OFFLINE = frozenset({"help", "--help", "check", "makemigrations", "spectacular", "version", "--version"})


_Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


class CommandError(Exception):
    """The command cannot be carried out; the message says what to do."""


# What is said in one line, because it says what to do.
_SAID = (BadEnvironment, CommandError, GateError, DirectoryError, InstanceError, EmbeddedError, StartError)


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
    except _SAID as error:
        sys.stderr.write(f"assort: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM, description="A self-hosted, multi-tenant classification service.")
    parser.add_argument("--data", type=Path, default=DATA, help="the instance's directory (.assort)")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_up(commands)
    _add_roles(commands)
    _add_looks(commands)
    _add_gates(commands)
    manage = commands.add_parser("manage", help="Django's manage.py", add_help=False, prefix_chars="\0")
    manage.add_argument("arguments", nargs=argparse.REMAINDER)
    manage.set_defaults(run=_manage)
    return parser


def _add_up(commands: _Commands) -> None:
    up = commands.add_parser("up", help="run the whole service in the foreground")
    up.add_argument("--port", type=arguments.port, default=DEFAULT_PORT, help="the port of the web server (8000)")
    # Not a default of its own: it would overwrite the value from before the command.
    up.add_argument("--data", type=Path, default=argparse.SUPPRESS, help="the instance's directory (.assort)")
    up.add_argument("--fresh", action="store_true", help="delete all data and start over, after asking")
    up.add_argument("--yes", action="store_true", help="do not ask")
    up.add_argument("--no-encoder", action="store_true", help="run without the sentence encoder")
    up.add_argument("--mlflow-ui", action="store_true", help="also run MLflow's pages, for operators")
    usual = "how many gateways, and as many web processes behind them (one for every two cores)"
    up.add_argument("--web-processes", type=arguments.count, metavar="N", help=usual)
    address = "the address that customers use; with https:// the doors of development are closed"
    up.add_argument("--public-url", type=arguments.origin, default="", metavar="URL", help=address)
    proxies = "whose word about a client counts: the proxy that ends TLS (127.0.0.1)"
    up.add_argument("--behind-proxy", type=arguments.networks, metavar="ADDRESS[,…]", help=proxies)
    who = "who may make an account: everybody, the invited, or nobody but operators (open; with https:// invite)"
    up.add_argument("--sign-up", choices=("open", "invite", "closed"), help=who)
    up.set_defaults(run=_up)


def _add_roles(commands: _Commands) -> None:
    run = commands.add_parser("run", help="run one role in the foreground, as the environment says")
    run.add_argument("role", choices=roles.ROLES, metavar="ROLE", help=", ".join(roles.ROLES))
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="go to its program: fleet --only ORG")
    run.set_defaults(run=_run)

    secrets = commands.add_parser("secrets", help="print each role's Kubernetes Secret, for DATABASE_URL and REDIS_URL")
    secrets.add_argument("--data", type=Path, default=argparse.SUPPRESS, help="the folder that keeps them (.assort)")
    secrets.add_argument("--prefix", default="assort", metavar="NAME", help="what their names begin with (assort)")
    dedicated = "those of hosts of one organisation each instead, by its slug and the random part of its id"
    secrets.add_argument(
        "--dedicated", type=arguments.organisation, nargs="+", default=[], metavar="SLUG=TENANT", help=dedicated
    )
    compose = "write files for deploy/compose.yaml instead, for the servers in it"
    secrets.add_argument("--compose", type=Path, metavar="DIR", help=compose)
    secrets.set_defaults(run=_secrets)


def _add_looks(commands: _Commands) -> None:
    smoke = commands.add_parser("smoke", help="try a running service from outside, and leave nothing behind")
    smoke.add_argument(
        "--url", type=arguments.address, required=True, help="where the service is, such as http://127.0.0.1:8000"
    )
    smoke.add_argument("--key", default="", help="a key of all four scopes (else ASSORT_KEY); without one it signs up")
    smoke.add_argument("--json", type=Path, metavar="FILE", help="also write the table there, as JSON")
    smoke.add_argument("--timeout", type=arguments.seconds, default=300, metavar="S", help="how long it may take (300)")
    smoke.set_defaults(run=_smoke)

    diagnosis = commands.add_parser(
        "doctor", help="look at the installation, and say what is missing and how to mend it"
    )
    diagnosis.add_argument("--json", action="store_true", help="print a JSON object")
    diagnosis.set_defaults(run=_doctor)

    metrics = commands.add_parser("metrics", help="print what the running service counts, as Prometheus reads it")
    metrics.add_argument("--targets", action="store_true", help="print where Prometheus finds it, for file_sd_configs")
    metrics.set_defaults(run=_metrics)


def _add_gates(commands: _Commands) -> None:
    """Those for developers, most of which hand their arguments on to a module."""
    for name, (module, help) in _MODULES.items():
        command = commands.add_parser(name, help=help, add_help=False, prefix_chars="\0")
        command.add_argument("arguments", nargs=argparse.REMAINDER)
        command.set_defaults(run=partial(_hand_on, name, module))

    check = commands.add_parser(
        "check", help="run the gates: style, types, imports, security, generated files, licences"
    )
    check.add_argument(
        "gates", nargs="*", metavar="GATE", help="these alone; audit needs the network, and its name here"
    )
    check.set_defaults(run=_check)

    package = commands.add_parser("package", help="build the wheel and the source distribution into dist/")
    package.add_argument(
        "--try", action="store_true", dest="tries", help="then install the wheel elsewhere, and use it"
    )
    package.set_defaults(run=_package)


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


def _run(options: argparse.Namespace) -> int:
    health = os.environ.get("ASSORT_HEALTH_LISTEN")
    members = roles.parts(options.role, os.environ, arguments=tuple(options.arguments))
    roles.make_folders(os.environ)
    return Foreground(members, roles.address("ASSORT_HEALTH_LISTEN", os.environ, "") if health else None).run()


def _secrets(options: argparse.Namespace) -> int:
    instance = Instance.create(options.data)
    if options.compose:
        inside = roles.on_servers(instance, database="postgres", broker="valkey")
        manifests.write_files(roles.secrets(inside) | roles.passwords_of_servers(inside), options.compose)
        return 0
    if not (instance.database_url and instance.redis_url):
        raise CommandError("set DATABASE_URL and REDIS_URL to the owner's logins on the servers of the cluster")
    of_hosts = {f"dedicated-{slug}": roles.dedicated(instance, tenant) for slug, tenant in options.dedicated}
    sys.stdout.write(manifests.secrets(of_hosts or roles.secrets(instance), prefix=options.prefix))
    return 0


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


def _check(options: argparse.Namespace) -> int:
    _enter_checkout("check")
    return checks.run(options.gates)


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


def _hand_on(command: str, module: str, options: argparse.Namespace) -> NoReturn:
    _enter_checkout(command)
    arguments = options.arguments or (_WHOLE_SUITE if command == "test" else ())
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def _doctor(options: argparse.Namespace) -> int:
    # The drivers of the servers, of which the supervisor of `up` has no need.
    from saas import doctor  # noqa: PLC0415

    found = []
    for finding in doctor.examine(Instance.create(options.data)):
        found.append(finding)
        if not options.json:
            sys.stdout.write(f"{finding}\n")
            sys.stdout.flush()
    is_missing = any(finding.state == doctor.State.MISSING for finding in found)
    if options.json:
        document = {"healthy": not is_missing, "findings": [finding.to_json() for finding in found]}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    return 1 if is_missing else 0


def _metrics(options: argparse.Namespace) -> int:
    instance = Instance.create(options.data)
    if options.targets:
        sys.stdout.write(json.dumps(collected.targets(instance), indent=2) + "\n")
        return 0
    if not instance.is_running:
        raise CommandError(f"nothing runs on {instance.data}. Start it with {PROGRAM} up, then repeat this command.")
    sys.stdout.writelines(collected.texts(instance))
    return 0


def _manage(options: argparse.Namespace) -> NoReturn:
    arguments: list[str] = options.arguments
    if roles.are_given(os.environ):
        _become_manage(arguments, roles.environment("web", "manage", os.environ))
    instance = Instance.create(options.data)
    is_offline = not arguments or arguments[0] in _OFFLINE
    if not (is_offline or instance.is_running or instance.database_url):
        raise CommandError(f"nothing runs on {instance.data}. Start it with {PROGRAM} up, then repeat this command.")
    _become_manage(arguments, instance.environment(instance.management_part(arguments)))


def _become_manage(arguments: list[str], environment: dict[str, str]) -> NoReturn:
    if IS_CHECKOUT:
        os.chdir(ROOT)
    os.execve(sys.executable, [*MANAGE, *arguments], environment)


if __name__ == "__main__":
    sys.exit(main())
