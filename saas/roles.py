"""The roles in which one container each runs the service, and what a role is told through the environment.

They are the parts of `up`, by the same programs. What a role may know is its own and is given to it: nothing here can
compute another one's logins.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from saas import programs
from saas.env import BadEnvironment
from saas.instance import (
    DATABASE,
    FIXED,
    OWNER,
    ROOT,
    SECRETS_OF,
    Instance,
    mode_of,
    usual_web_processes,
    variable,
)
from saas.process import Part
from saas.programs import Address, Program
from tenants.secrets import derive

ROLES: dict[str, tuple[str, ...]] = {
    "gateway": ("gateway",),
    "web": ("web",),
    "fleet": ("fleet",),
    "provisioner": ("provisioner",),
    "registrar": ("registrar",),
    # What happens by itself: jobs and appointments that are due, and letters.
    "scheduler": ("relay", "postman"),
    "mlflow": ("mlflow",),
    # These two end: before everybody else, and once the others run.
    "migrate": ("prepare",),
    "furnish": ("encoder", "sample"),
}
# As which part of an instance these are known; the others as themselves.
_KNOWN_AS = {"encoder": "manage", "sample": "manage"}
_LISTEN = {"gateway": "127.0.0.1:8000", "web": "127.0.0.1:8001", "mlflow": "127.0.0.1:5000"}
_DATA = str(ROOT / ".assort")
# Organisations' workers read what is shared, and each has a folder of its own among `tenants`.
_FOLDERS = {"tenants": 0o711, "shared": 0o755, "mlflow": 0o700, "logs": 0o700, "tmp": 0o700}
_SECRETS = {variable(name) for names in SECRETS_OF.values() for name in names}


def parts(role: str, given: Mapping[str, str], *, arguments: tuple[str, ...] = ()) -> list[Part]:
    """Return what the role runs, as the environment `given` says; `arguments` go to its program.

    Raises BadEnvironment.
    """
    names = [name for name in ROLES[role] if name != "encoder" or given.get("ASSORT_ENCODER") != "off"]
    own = [(name, environment(role, name, given)) for name in names]
    return [_part(name, _program(name, told, arguments), told) for name, told in own]


def environment(role: str, part: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the part's environment: what is given, without what is another's."""
    known_as = _KNOWN_AS.get(part, part)
    closed = _SECRETS - {variable(name) for name in SECRETS_OF.get(known_as, ())}
    others = tuple(f"{other.upper()}_" for other in ROLES[role] if len(ROLES[role]) > 1)
    kept = {name: text for name, text in given.items() if name not in closed and not name.startswith(others)}
    prefix = _prefix(role, part)
    own = {name.removeprefix(prefix): text for name, text in given.items() if prefix and name.startswith(prefix)}
    url = given.get("ASSORT_PUBLIC_URL", "http://127.0.0.1:8000")
    usual = {
        "ASSORT_DATA": _DATA,
        "ASSORT_PUBLIC_URL": url,
        "ASSORT_MODE": mode_of(url),
        "ASSORT_WEB_ADDRESS": f"http://{_LISTEN['web']}",
    }
    return usual | kept | own | FIXED | {"ASSORT_PART": known_as}


def are_given(given: Mapping[str, str]) -> bool:
    """Whether this process is in the container of a role whose secrets `manage` takes as well."""
    return {"DATABASE_URL", "REDIS_URL", *map(variable, SECRETS_OF["manage"])} <= given.keys()


def make_folders(given: Mapping[str, str]) -> None:
    """Make what is expected in the data directory: a volume comes empty, and may belong to root."""
    data = Path(given.get("ASSORT_DATA") or _DATA)
    for name, mode in _FOLDERS.items():
        (data / name).mkdir(mode=mode, parents=True, exist_ok=True)


def secrets(instance: Instance) -> dict[str, dict[str, str]]:
    """Return for each role the part of its environment that nobody else may know."""
    return {
        role: {
            _prefix(role, part) + name: text
            for part in names
            for name, text in instance.credentials(_KNOWN_AS.get(part, part)).items()
        }
        for role, names in ROLES.items()
    }


def dedicated(instance: Instance, tenant: str) -> dict[str, str]:
    """Return what a host may know that serves this organisation alone: no secret that others' logins follow from."""
    own = instance.credentials("fleet")
    secret = own.pop(variable("fleet_secret"))
    passwords = {use: derive(secret, tenant, use) for use in ("postgres", "broker")}
    return own | {"ASSORT_WORKER_PASSWORDS": json.dumps({tenant: passwords})}


def on_servers(instance: Instance, *, database: str, broker: str) -> Instance:
    """Return the instance with servers of its own at these hosts, as the compose file has them."""
    return replace(
        instance,
        database_url=f"postgresql://{OWNER}:{instance.secrets['owner_password']}@{database}:5432/{DATABASE}",
        redis_url=f"redis://default:{instance.secrets['broker_password']}@{broker}:6379/0",
    )


def passwords_of_servers(instance: Instance) -> dict[str, dict[str, str]]:
    """Return what the servers of the compose file are told of their owner."""
    return {
        "postgres": {"POSTGRES_PASSWORD": instance.secrets["owner_password"]},
        "valkey": {"VALKEY_PASSWORD": instance.secrets["broker_password"]},
    }


def _prefix(role: str, part: str) -> str:
    """Return what the names of the part's own variables begin with where the role's parts have logins of their own."""
    known_as = {_KNOWN_AS.get(name, name) for name in ROLES[role]}
    return f"{part.upper()}_" if len(known_as) > 1 else ""


def _program(part: str, environment: Mapping[str, str], arguments: tuple[str, ...]) -> Program:
    servers: dict[str, Callable[[Address], Program]] = {
        "gateway": lambda at: programs.gateway(at, processes=_processes(environment)),
        "web": lambda at: programs.web(at, processes=_processes(environment)),
        "mlflow": lambda at: programs.mlflow(at, artifact_root=_artifact_root(environment)),
    }
    if part not in servers:
        return programs.program(part, *arguments)
    return servers[part](address("ASSORT_LISTEN", environment, _LISTEN[part]))


def address(name: str, environment: Mapping[str, str], usual: str) -> Address:
    """Read HOST:PORT from the environment. Raises BadEnvironment."""
    try:
        return Address.parse(environment.get(name) or usual)
    except ValueError as error:
        raise BadEnvironment(f"{name}: {error}.") from None


def _processes(environment: Mapping[str, str]) -> int:
    said = environment.get("ASSORT_WEB_PROCESSES") or str(usual_web_processes())
    if not (said.isdigit() and 1 <= int(said) <= 64):
        raise BadEnvironment(f"ASSORT_WEB_PROCESSES is {said!r}. Set it to a number of processes from 1 to 64.")
    return int(said)


def _artifact_root(environment: Mapping[str, str]) -> str:
    return environment.get("ASSORT_MLFLOW_ARTIFACTS") or str(Path(environment["ASSORT_DATA"]) / "mlflow")


def _part(name: str, program: Program, environment: Mapping[str, str]) -> Part:
    return Part(name, program.command, environment, probe=program.probe, once=program.once, nice=program.nice)
