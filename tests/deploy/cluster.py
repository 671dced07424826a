"""The roles of an installation as a cluster runs them: each a process that is told its own secrets and no other's."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from saas import roles
from saas.instance import ROOT, Instance
from saas.ports import HOST, free
from tests.saas import servers
from tests.service import CALLER

COMMAND = (sys.executable, "-m", "saas.commandline")
STAY = ("gateway", "web", "fleet", "provisioner", "registrar", "scheduler")
READY_SECONDS = 60.0
_LISTENING = ("gateway", "web", "mlflow")


@dataclass
class Cluster:
    """PostgreSQL and Valkey in `folder`, and the roles on them, by `command`. They see their files at `data`."""

    folder: Path
    command: Sequence[str] = COMMAND
    data: str = ""
    # What is told besides, and in place of the usual.
    told: Mapping[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.servers = replace(Instance.create(self.folder / "servers"), database_url="", redis_url="")
        servers.start(self.servers)
        owner = Instance.create(self.folder / "owner")
        database, broker = self.addresses()
        self.secrets = roles.secrets(replace(owner, database_url=database, redis_url=broker))
        for name in (*STAY, "mlflow", *(f"{role} listens" for role in _LISTENING)):
            self.ports[name] = free(self.ports)

    def addresses(self) -> tuple[str, str]:
        """Return the owner's DATABASE_URL and REDIS_URL."""
        return self.servers.owner_database_url(), self.servers.owner_redis_url()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.ports['gateway listens']}"

    def environment(self, role: str) -> dict[str, str]:
        told = {
            "ASSORT_DATA": self.data or str(self.folder / "files"),
            "ASSORT_PUBLIC_URL": self.url,
            "ASSORT_ENCODER": "off",
            "ASSORT_WEB_PROCESSES": "1",
            "ASSORT_WEB_ADDRESS": f"http://{HOST}:{self.ports['web listens']}",
        }
        if role in self.ports:
            told["ASSORT_HEALTH_LISTEN"] = f"{HOST}:{self.ports[role]}"
        if role in _LISTENING:
            told["ASSORT_LISTEN"] = f"{HOST}:{self.ports[f'{role} listens']}"
        return CALLER | self.secrets[role] | told | dict(self.told)

    def run(self, role: str, *arguments: str) -> None:
        """Run a role that ends by itself, to its end."""
        log = self.folder / f"{role}.log"
        with log.open("a") as output:
            ended = subprocess.run(
                [*self.command, "run", role, *arguments],
                cwd=ROOT, env=self.environment(role), stdout=output, stderr=output, check=False, timeout=180,
            )  # fmt: skip
        if ended.returncode:
            raise RuntimeError(f"{role} ended with {ended.returncode}:\n{log.read_text()}")

    def begin(self, *names: str) -> None:
        """Make of a checkout what an image is, migrate, and start these roles."""
        self.run("migrate")
        self.manage("collectstatic", "--no-input", "--verbosity", "0")
        self.start(*names)

    def start(self, *names: str) -> None:
        """Start roles that stay, and return when all are ready."""
        for role in names:
            with (self.folder / f"{role}.log").open("a") as output:
                self.running[role] = subprocess.Popen(
                    [*self.command, "run", role],
                    cwd=ROOT, env=self.environment(role), stdout=output, stderr=output, text=True,
                )  # fmt: skip
        deadline = time.monotonic() + READY_SECONDS
        while unready := [role for role in names if self.health(role, "/readyz") != 200]:
            if time.monotonic() > deadline or any(self.running[role].poll() is not None for role in names):
                logs = "\n".join(f"{role}:\n{self.log(role)}" for role in unready)
                raise RuntimeError(f"not ready: {logs}")
            time.sleep(0.1)

    def log(self, role: str) -> str:
        return (self.folder / f"{role}.log").read_text()

    def health(self, role: str, path: str) -> int:
        """Return with which status the role answers, 0 while it does not."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.ports[role]}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def manage(self, *arguments: str) -> str:
        """Run a command of `manage` in the surroundings of a web process, and return what it prints."""
        command = [*self.command, "manage", *arguments]
        made = subprocess.run(
            command, cwd=ROOT, env=self.environment("web"), capture_output=True, text=True, timeout=60, check=False
        )
        if made.returncode:
            raise RuntimeError(made.stderr)
        return made.stdout

    def stop(self, *names: str) -> dict[str, int]:
        """Tell these roles to end, or all of them, and return with which status each does."""
        ending = {role: self.running.pop(role) for role in names or tuple(self.running)}
        for running in ending.values():
            running.terminate()
        return {role: running.wait(30) for role, running in ending.items()}

    def close(self) -> None:
        self.stop()
        servers.stop(self.servers)
