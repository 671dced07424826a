"""The service that the tests run against: `./assort up` on free ports, in a folder of this run.

pytest loads this module as a plugin, before Django's settings are read, because they come from the environment. The
service itself is started by the first test that needs it, so the tests of plain Python need none.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from saas.instance import ROOT, Instance

START_SECONDS = 240
# What a user's shell has; without the logins that this module puts into the environment of the tests.
CALLER = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


class Service:
    """One instance, started by the command that a user would type."""

    # More than one, since what holds in one process may not hold between them.
    web_processes = 2

    def __init__(
        self,
        data: Path,
        *,
        servers: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`servers` has DATABASE_URL and REDIS_URL where they are not the embedded ones; `prefix` comes before `up`.

        `options` come after it, and `environment` is what the caller has set besides.
        """
        self.servers = dict(servers or {})
        self.prefix, self.options = prefix, options
        self.environment = dict(environment or {})
        self.instance = replace(
            Instance.create(data),
            database_url=self.servers.get("DATABASE_URL", ""),
            redis_url=self.servers.get("REDIS_URL", ""),
        )
        # Writes its ports down, so that the command finds the ones that are known here.
        self.instance.claim()
        self.instance.release()
        # Where `up` will lay the assets: the tests' own Django looks there also before it has.
        (data / "static").mkdir(exist_ok=True)
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return self.instance.url

    def start(self) -> None:
        if self.process is not None:
            return
        command = [sys.executable, "-m", "saas.commandline", "up", "--data", str(self.instance.data)]
        command += ["--port", str(self.instance.ports["web"]), "--web-processes", str(self.web_processes)]
        command += self.options
        self.output = self.instance.data.with_suffix(".log")
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [*self.prefix, *command], cwd=ROOT, env=self._environment(), stdout=output, stderr=output, text=True
            )
        deadline = time.monotonic() + START_SECONDS
        while f"ready {self.url}" not in self.output.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the service did not start:\n{self.output.read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `./assort manage …` on this instance."""
        return self.assort("manage", *arguments)

    def assort(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `./assort …` on this instance."""
        command = [sys.executable, "-m", "saas.commandline", "--data", str(self.instance.data), *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self._environment(), capture_output=True, text=True, timeout=60, check=False
        )

    def create_organisation(self, name: str, owner: str) -> dict[str, str]:
        """Return what `organisation create` prints."""
        made = self.manage("organisation", "create", name, "--owner", owner)
        if made.returncode:
            raise RuntimeError(made.stderr)
        return dict(json.loads(made.stdout))

    def worker_log(self, tenant: str) -> str:
        return (self.instance.data / "logs" / "workers" / f"{tenant}.log").read_text()

    def log(self, part: str) -> str:
        return self.instance.log(part).read_text()

    def pid_of(self, part: str) -> int:
        """Return the process id of a part from the file that the supervisor keeps, or 0 while there is none."""
        kept = self.instance.run / f"{part}.pid"
        return int(kept.read_text().split()[0]) if kept.exists() else 0

    def _environment(self) -> dict[str, str]:
        # Logs as an installation in production writes them.
        return CALLER | {"ASSORT_LOGS": "json"} | self.servers | self.environment

    def worker_environment(self) -> dict[str, str]:
        """Return what the fleet gives its fork server: where the servers are, and no password."""
        given = self.instance.environment("fleet")
        del given["ASSORT_METRICS_LISTEN"]
        for url in ("DATABASE_URL", "REDIS_URL"):
            scheme, rest = given[url].split("://")
            given[url] = f"{scheme}://{rest.rpartition('@')[2]}"
        secrets = ("ASSORT_FLEET_SECRET",)
        return {name: value for name, value in given.items() if name not in secrets} | {"ASSORT_PART": "worker"}


# The tests make an instance of their own; servers that the caller uses otherwise are not touched.
for name in ("DATABASE_URL", "REDIS_URL"):
    os.environ.pop(name, None)
_folder = Path(tempfile.mkdtemp(prefix="assort-tests-"))
SERVICE = Service(_folder / "data")
os.environ.update(SERVICE.instance.environment("test"))


def end() -> None:
    SERVICE.stop()
    shutil.rmtree(_folder, ignore_errors=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    end()
