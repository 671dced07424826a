"""One instance of Assort: a data directory, its ports, its secrets, and what each process is told of them."""

import fcntl
import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from saas import directory, env
from saas.ports import HOST, free, is_free
from tenants import servers
from tenants.secrets import derive

ROOT = Path(__file__).resolve().parent.parent
OWNER = "assort_owner"
DATABASE = "assort"
MLFLOW_DATABASE = "assort_mlflow"

# The parts with a login of their own, which `prepare` makes; every other one uses the owner's.
LOGINS = {
    "gateway": "web",
    "web": "web",
    "manage": "web",
    "test": "web",
    "relay": "relay",
    "fleet": "fleet",
    "registrar": "registrar",
    "postman": "postman",
    "mlflow": "registrar",
}
SECRETS_OF = {
    "prepare": ("login_secret", "fleet_secret"),
    "provisioner": ("login_secret", "fleet_secret"),
    "fleet": ("fleet_secret",),
    "gateway": ("secret_key", "pepper"),
    "web": ("secret_key", "pepper"),
    "manage": ("secret_key", "pepper"),
    "test": ("secret_key", "pepper"),
}
OWNERS_COMMANDS = frozenset({"migrate", "migrate_schemas", "makemigrations", "prepare", "provisioner"})

_SECRET_NAMES = ("secret_key", "pepper", "fleet_secret", "login_secret", "owner_password", "broker_password")
_FOLDERS = ("postgres", "postgres.making", "valkey", "tenants", "shared", "mlflow", "static", "logs")
_FILES = ("secrets.json", "ports.json", "options.json")
_MOST_WEB_PROCESSES = 8
# `web` is the gateway's, where everybody comes in, and `pages` that of the web processes behind it.
_PORT_NAMES = ("web", "pages", "postgres", "valkey", "mlflow")
# The parts that tell what they count, each process on a port of its own; of these there are several processes.
MEASURED = ("gateway", "web", "relay", "fleet", "registrar", "postman")
_IN_SEVERAL = ("gateway", "web")
# Of the caller's environment a part sees where programs, locale, certificates and temporary files are, and
# which kernels OpenBLAS should use; nothing else, so that no credential travels along by accident.
_PASSED_ON = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE"),
)
# Those that write letters also see through which server, and from whom.
_MAIL = ("ASSORT_SMTP_URL", "ASSORT_FROM_EMAIL")
_WRITE_LETTERS = ("web", "manage", "postman")
# What every process is told alike, wherever it runs.
FIXED = {
    "DJANGO_SETTINGS_MODULE": "saas.settings",
    "PYTHONUNBUFFERED": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # A worker answers one organisation on one core; libraries that start a thread per core only get in the way.
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"),
}
# Workers that a developer may look into, with a profiler of the same user; see CONTRIBUTING.md.
_PROFILE = "ASSORT_PROFILE"
# The form of every part's log; see tenants/logs.py.
_LOGS = "ASSORT_LOGS"


class InstanceError(Exception):
    """The instance cannot be used as asked; the message says what to do."""


@dataclass
class Instance:
    data: Path
    ports: dict[str, int]
    secrets: dict[str, str]
    public_url: str
    encoder: bool = True
    web_processes: int = 1
    sign_up: str = ""
    behind_proxy: str = ""
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
        web_processes: int | None = None,
        sign_up: str | None = None,
        behind_proxy: str | None = None,
    ) -> Self:
        """Open the instance in `data`, or make one there. What is not given stays as it was the last time.

        Without `port` a new instance gets a free one. DATABASE_URL and REDIS_URL of the caller's environment
        replace the embedded servers. Raises DirectoryError where the directory is somebody else's, and BadEnvironment
        where an address would not be understood by every process.
        """
        for name, read in (("DATABASE_URL", env.database), ("REDIS_URL", env.broker)):
            if os.environ.get(name):
                read(name)
        data = Path(os.path.abspath(data))
        directory.make(data)
        options = directory.load(data / "options.json")
        web_processes = web_processes or int(options.get("web_processes", usual_web_processes()))
        return cls(
            data=data,
            ports=_ports(directory.load(data / "ports.json") | ({"web": port} if port else {}), web_processes),
            secrets=_secrets(data / "secrets.json"),
            public_url=str(options.get("public_url", "")) if public_url is None else public_url,
            encoder=bool(options.get("encoder", True)) if encoder is None else encoder,
            web_processes=web_processes,
            sign_up=sign_up or str(options.get("sign_up", "")),
            behind_proxy=behind_proxy or str(options.get("behind_proxy", "")),
            database_url=os.environ.get("DATABASE_URL", ""),
            redis_url=os.environ.get("REDIS_URL", ""),
        )

    @property
    def url(self) -> str:
        return self.public_url or f"http://{HOST}:{self.ports['web']}"

    @property
    def mode(self) -> str:
        """`production` once the instance has a public address with TLS, else `development`."""
        return mode_of(self.url)

    @property
    def who_signs_up(self) -> str:
        """`open`, `invite` or `closed`: as was chosen, else everybody in development and the invited in production."""
        return self.sign_up or ("invite" if self.mode == "production" else "open")

    @property
    def proxies(self) -> str:
        """The addresses whose word about a client counts; in production a proxy on this machine, unless told."""
        return self.behind_proxy or (HOST if self.mode == "production" else "")

    @property
    def run(self) -> Path:
        return self.data / "run"

    def log(self, part: str) -> Path:
        return self.data / "logs" / f"{part}.log"

    def claim(self) -> None:
        """Hold the instance until this process ends; write down its ports and options for other commands.

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
                f"Another ./assort is running on {self.data}. End it, or choose another --data and --port."
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
        for folder in _FOLDERS:
            if (self.data / folder).exists():
                shutil.rmtree(self.data / folder)
        for file in _FILES:
            (self.data / file).unlink(missing_ok=True)

    def move_taken_ports(self) -> None:
        """Give the embedded servers other ports where somebody else has taken theirs meanwhile."""
        for name in self.ports.keys() - {"web"}:
            if not is_free(self.ports[name]):
                self.ports[name] = free(self.ports)
        self._save()

    def metrics_ports(self, part: str) -> list[int]:
        """Return where the processes of a part tell what they count; none for a part that counts nothing."""
        return [self.ports[name] for name in _metrics_names(part, self.web_processes)]

    def owner_database_url(self) -> str:
        password = self.secrets["owner_password"]
        return self.database_url or f"postgresql://{OWNER}:{password}@{HOST}:{self.ports['postgres']}/{DATABASE}"

    def owner_redis_url(self) -> str:
        # The scheme stays redis:// with Valkey too: kombu knows no other.
        password = self.secrets["broker_password"]
        return self.redis_url or f"redis://default:{password}@{HOST}:{self.ports['valkey']}/0"

    def passed_on(self) -> dict[str, str]:
        """Return what every process sees of this one's environment, and what all are told; no login and no secret."""
        return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | FIXED

    def environment(self, part: str) -> dict[str, str]:
        """Return the whole environment of `part`: the logins and secrets that are its own, and no other."""
        environment = self.passed_on()
        environment |= {
            "ASSORT_PART": part,
            "ASSORT_DATA": str(self.data),
            "ASSORT_MODE": self.mode,
            "ASSORT_PUBLIC_URL": self.url,
            "ASSORT_SIGN_UP": self.who_signs_up,
            "ASSORT_PROXIES": self.proxies,
            "ASSORT_WEB_ADDRESS": f"http://{HOST}:{self.ports['pages']}",
            "ASSORT_ENCODER": "on" if self.encoder else "off",
        }
        if ports := self.metrics_ports(part):
            environment["ASSORT_METRICS_LISTEN"] = f"{HOST}:{','.join(map(str, ports))}"
        if _LOGS in os.environ:
            environment[_LOGS] = os.environ[_LOGS]
        if part == "fleet" and _PROFILE in os.environ:
            environment[_PROFILE] = os.environ[_PROFILE]
        return environment | self.credentials(part)

    def credentials(self, part: str) -> dict[str, str]:
        """Return what `part` alone may know: its logins, its secrets, and through which server it sends letters."""
        if part == "mlflow":  # Its pages know their own database, and nothing of Assort's.
            return {"MLFLOW_BACKEND_STORE_URI": self._database_url(part, MLFLOW_DATABASE)}
        own = {"DATABASE_URL": self._database_url(part), "REDIS_URL": self._redis_url(part)}
        own |= {variable(name): self.secrets[name] for name in SECRETS_OF.get(part, ())}
        if part in _WRITE_LETTERS:
            own |= {name: os.environ[name] for name in _MAIL if name in os.environ}
        if part == "registrar":
            own["MLFLOW_DATABASE_URL"] = self._database_url(part, MLFLOW_DATABASE)
        return own

    def management_part(self, arguments: list[str]) -> str:
        """Return as which part `manage.py` runs with these arguments."""
        return "prepare" if arguments and arguments[0] in OWNERS_COMMANDS else "manage"

    def _database_url(self, part: str, database: str | None = None) -> str:
        login = LOGINS.get(part)
        if login is None:
            return self.owner_database_url()
        password = derive(self.secrets["login_secret"], "postgres", login)
        return servers.with_login(self.owner_database_url(), f"assort_{login}", password, database)

    def _redis_url(self, part: str) -> str:
        login = LOGINS.get(part)
        if login is None:
            return self.owner_redis_url()
        return servers.with_login(self.owner_redis_url(), login, derive(self.secrets["login_secret"], "broker", login))

    def _save(self) -> None:
        directory.write(self.data / "ports.json", self.ports)
        kept = ("public_url", "encoder", "web_processes", "sign_up", "behind_proxy")
        directory.write(self.data / "options.json", {name: getattr(self, name) for name in kept})


def variable(secret: str) -> str:
    """Return in which variable of the environment a process finds the secret."""
    return f"ASSORT_{secret.upper()}"


def mode_of(url: str) -> str:
    """Return `production` for a public address with TLS, else `development`."""
    return "production" if url.startswith("https://") else "development"


def usual_web_processes() -> int:
    """Return one for every two cores: the workers that compute the answers need as much."""
    return max(1, min(_MOST_WEB_PROCESSES, (os.cpu_count() or 1) // 2))


def _metrics_names(part: str, web_processes: int) -> list[str]:
    count = 0 if part not in MEASURED else web_processes if part in _IN_SEVERAL else 1
    return [f"metrics {part} {number}" for number in range(count)]


def _ports(known: dict[str, Any], web_processes: int) -> dict[str, int]:
    ports: dict[str, int] = {name: int(port) for name, port in known.items()}
    measured = (name for part in MEASURED for name in _metrics_names(part, web_processes))
    for name in (*_PORT_NAMES, *measured):
        if name not in ports:
            ports[name] = free(ports)
    return ports


def _secrets(path: Path) -> dict[str, str]:
    """Read the instance's secrets; make them the first time."""
    fresh = {name: secrets.token_urlsafe(36) for name in _SECRET_NAMES}
    if not path.exists():
        directory.write(path, fresh, replace=False)
    known = directory.load(path)
    if fresh.keys() - known.keys():  # An older version made the file, and knew fewer of them.
        directory.write(path, fresh | known)
    return {name: str(secret) for name, secret in directory.load(path).items()}
