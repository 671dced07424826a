"""One instance of Assort: a data directory, its ports, its secrets, and what each process is told of them."""

import fcntl
import json
import os
import random
import secrets
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tenants.secrets import derive

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
OWNER = "assort_owner"
DATABASE = "assort"
MLFLOW_DATABASE = "assort_mlflow"

# The parts with a login of their own, which `prepare` makes; every other one uses the owner's.
LOGINS = {"web": "web", "manage": "web", "relay": "relay", "fleet": "fleet", "registrar": "registrar"}
LOGINS["mlflow"] = "registrar"
SECRETS_OF = {
    "prepare": ("login_secret", "fleet_secret"),
    "provisioner": ("login_secret", "fleet_secret"),
    "fleet": ("fleet_secret",),
    "web": ("secret_key", "pepper"),
    "manage": ("secret_key", "pepper"),
}
OWNERS_COMMANDS = frozenset({"migrate", "migrate_schemas", "makemigrations", "prepare", "provisioner"})

_SECRET_NAMES = ("secret_key", "pepper", "fleet_secret", "login_secret", "owner_password", "broker_password")
_CONTENTS = "postgres postgres.making valkey tenants logs secrets.json ports.json options.json".split()
_PORT_NAMES = ("web", "postgres", "valkey", "mlflow")
# Of the caller's environment a part sees where programs, locale, certificates and temporary files are, and
# which kernels OpenBLAS should use; nothing else, so that no credential travels along by accident.
_PASSED_ON = (
    "PATH HOME LANG LC_ALL TZ TMPDIR SSL_CERT_FILE SSL_CERT_DIR OPENBLAS_CORETYPE OPENBLAS_L2_SIZE PYTHONDONTWRITEBYTECODE"
).split()
# A worker answers one organisation on one core; libraries that start a thread per core only get in the way.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
# Outside the range from which the kernel takes the ports of outgoing connections.
_FREE_PORTS = range(20_000, 32_000)


class InstanceError(Exception):
    """The instance cannot be used as asked; the message says what to do."""


@dataclass
class Instance:
    data: Path
    ports: dict[str, int]
    secrets: dict[str, str]
    public_url: str
    encoder: bool = True
    database_url: str = ""
    redis_url: str = ""
    _lock: int | None = field(default=None, repr=False)

    @classmethod
    def create(
        cls,
        data: Path,
        port: int | None = None,
        *,
        public_url: str | None = None,
        encoder: bool | None = None,
    ) -> "Instance":
        """Open the instance in `data`, or make one there. What is not given stays as it was the last time.

        Without `port` a new instance gets a free one. DATABASE_URL and REDIS_URL of the caller's environment
        replace the embedded servers. Raises InstanceError where the directory is somebody else's.
        """
        data = Path(os.path.abspath(data))
        _make_directories(data)
        options = _load(data / "options.json")
        return cls(
            data=data,
            ports=_ports(_load(data / "ports.json") | ({"web": port} if port else {})),
            secrets=_secrets(data / "secrets.json"),
            public_url=str(options.get("public_url", "")) if public_url is None else public_url,
            encoder=bool(options.get("encoder", True)) if encoder is None else encoder,
            database_url=os.environ.get("DATABASE_URL", ""),
            redis_url=os.environ.get("REDIS_URL", ""),
        )

    @property
    def url(self) -> str:
        return self.public_url or f"http://{HOST}:{self.ports['web']}"

    @property
    def mode(self) -> str:
        """`production` once the instance has a public address with TLS, else `development`."""
        return "production" if self.url.startswith("https://") else "development"

    @property
    def run(self) -> Path:
        return self.data / "run"

    def log(self, part: str) -> Path:
        return self.data / "logs" / f"{part}.log"

    def claim(self) -> None:
        """Hold the instance until this process ends, and write down its ports and options for the other commands.

        Raises InstanceError if another process holds it.
        """
        if self._lock is None:
            self._lock = self._take_lock()
            self._save()

    def _take_lock(self) -> int:
        lock = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise InstanceError(
                f"Another ./assort is running on {self.data}. End it first, or choose another --data and --port."
            ) from None
        return lock

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def is_running(self) -> bool:
        """Whether some process holds the instance, this one included."""
        if self._lock is not None:
            return True
        try:
            os.close(self._take_lock())
        except InstanceError:
            return True
        return False

    def erase(self) -> None:
        """Delete the instance's data, secrets and logs, and nothing else that may lie in the directory."""
        for path in (self.data / name for name in _CONTENTS):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def move_taken_ports(self) -> None:
        """Give the embedded servers other ports where somebody else has taken theirs meanwhile."""
        for name in ("postgres", "valkey", "mlflow"):
            if not is_free(self.ports[name]):
                self.ports[name] = _free_port(self.ports)
        self._save()

    def owner_database_url(self) -> str:
        password = self.secrets["owner_password"]
        return (
            self.database_url or f"postgresql://{OWNER}:{password}@{HOST}:{self.ports['postgres']}/{DATABASE}"
        )

    def owner_redis_url(self) -> str:
        # The scheme stays redis:// with Valkey too: kombu knows no other.
        password = self.secrets["broker_password"]
        return self.redis_url or f"redis://default:{password}@{HOST}:{self.ports['valkey']}/0"

    def environment(self, part: str) -> dict[str, str]:
        """Return the whole environment of `part`: the logins and secrets that are its own, and no other."""
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment |= dict.fromkeys(_ONE_THREAD, "1")
        environment |= {
            "ASSORT_PART": part,
            "ASSORT_DATA": str(self.data),
            "ASSORT_MODE": self.mode,
            "ASSORT_PUBLIC_URL": self.url,
            "ASSORT_ENCODER": "on" if self.encoder else "off",
            "DATABASE_URL": self._database_url(part),
            "REDIS_URL": self._redis_url(part),
            "DJANGO_SETTINGS_MODULE": "saas.settings",
            "PYTHONUNBUFFERED": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        environment |= {f"ASSORT_{name.upper()}": self.secrets[name] for name in SECRETS_OF.get(part, ())}
        if LOGINS.get(part) == "registrar":
            environment["MLFLOW_DATABASE_URL"] = self._database_url(part, MLFLOW_DATABASE)
        return environment

    def management_part(self, arguments: list[str]) -> str:
        """Return as which part `manage.py` runs with these arguments."""
        return "prepare" if arguments and arguments[0] in OWNERS_COMMANDS else "manage"

    def _database_url(self, part: str, database: str | None = None) -> str:
        login = LOGINS.get(part)
        if login is None:
            return self.owner_database_url()
        password = derive(self.secrets["login_secret"], "postgres", login)
        return _with_login(self.owner_database_url(), f"assort_{login}", password, database)

    def _redis_url(self, part: str) -> str:
        login = LOGINS.get(part)
        if login is None:
            return self.owner_redis_url()
        return _with_login(
            self.owner_redis_url(), login, derive(self.secrets["login_secret"], "broker", login)
        )

    def _save(self) -> None:
        _write(self.data / "ports.json", self.ports)
        _write(self.data / "options.json", {"public_url": self.public_url, "encoder": self.encoder})


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of this machine's loopback address."""
    with socket.socket() as probe:
        # As servers do it: connections of an earlier run that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _with_login(url: str, user: str, password: str, database: str | None = None) -> str:
    split = urlsplit(url)
    address = split.netloc.rpartition("@")[2]
    path = split.path if database is None else f"/{database}"
    return split._replace(netloc=f"{quote(user)}:{quote(password)}@{address}", path=path).geturl()


def _make_directories(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
        owner = data.stat().st_uid
        if owner == os.geteuid():
            data.chmod(0o700)
        elif any(data.iterdir()):
            raise InstanceError(
                f"{data} belongs to user {owner}, not to you. Run ./assort as that user, or choose another --data."
            )
        for name in ("tenants", "logs", "run"):
            (data / name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InstanceError(f"{data} cannot be used ({error.strerror}). Choose another --data.") from error


def _ports(known: dict[str, Any]) -> dict[str, int]:
    ports: dict[str, int] = {name: int(port) for name, port in known.items()}
    for name in _PORT_NAMES:
        if name not in ports:
            ports[name] = _free_port(ports)
    return ports


def _free_port(taken: dict[str, int]) -> int:
    candidates = random.sample(_FREE_PORTS, len(_FREE_PORTS))
    return next(port for port in candidates if port not in taken.values() and is_free(port))


def _secrets(path: Path) -> dict[str, str]:
    """Read the instance's secrets; make them the first time."""
    fresh = {name: secrets.token_urlsafe(36) for name in _SECRET_NAMES}
    if not path.exists():
        _write(path, fresh, replace=False)
    known = _load(path)
    if fresh.keys() - known.keys():  # An older version made the file, and knew fewer of them.
        _write(path, fresh | known)
    return {name: str(secret) for name, secret in _load(path).items()}


def _load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _write(path: Path, values: object, *, replace: bool = True) -> None:
    """Write in one step, so that nobody ever reads half a file. Without `replace` the first writer wins."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(values, stream)
        stream.flush()
        os.fsync(stream.fileno())
    if replace:
        draft.replace(path)
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
