"""A service whose servers stand behind proxies, with customers of its own: what the faults happen to."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg
import redis

from saas import process
from saas.instance import ROOT, Instance
from tests.end_to_end.stranger import Api
from tests.faults.proxy import Proxy
from tests.form import cases
from tests.service import CALLER, START_SECONDS, Service

SERVERS = ("postgres", "valkey")
# By the titles that the fork server gives them: a worker that answers, and one that trains.
USES: Mapping[str, str] = {"worker": "infer", "trainer": "train", "reader": "batch"}
QUEUES: Mapping[str, str] = {"worker": "later", "trainer": "train", "reader": "batch"}
CUSTOMERS = ("Ash", "Birch", "Cedar")[: cases(short=1, long=3)]
ROWS, LONG_ROWS = 40, 2_000


@dataclass(frozen=True)
class Customer:
    """An organisation with forty rows and a model `first` that was trained on them, and rows that take seconds."""

    tenant: str
    key: str
    dataset: str
    long_dataset: str

    def api(self, stage: "Stage") -> Api:
        return Api(stage.service.url, self.key)


class Stage:
    def __init__(self, folder: Path) -> None:
        """Start everything. `folder` gets the data of the servers and of the service."""
        folder.mkdir(parents=True, exist_ok=True)
        # The tests' own environment names the servers of another instance.
        self.servers = replace(Instance.create(folder / "servers"), database_url="", redis_url="")
        self.servers.claim()
        self.servers.release()
        self._log = folder / "servers.log"
        self._process = self._start_servers()
        self.proxies = {name: Proxy(self.servers.ports[name]) for name in SERVERS}
        urls = {
            "DATABASE_URL": _through(self.servers.owner_database_url(), self.proxies["postgres"]),
            "REDIS_URL": _through(self.servers.owner_redis_url(), self.proxies["valkey"]),
        }
        self.service = Service(folder / "service", servers=urls)
        self.service.start()
        self.customers = [self._found(name) for name in CUSTOMERS]

    def close(self) -> None:
        self.service.stop()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        for proxy in self.proxies.values():
            proxy.close()

    def ask(self, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        """Return what PostgreSQL answers its owner, who comes by no proxy."""
        with self.owner() as database:
            cursor = database.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        with psycopg.connect(self.servers.owner_database_url(), autocommit=True, connect_timeout=5) as database:
            yield database

    def processes(self, part: str, tenant: str = "") -> list[process.Found]:
        """Return the processes of a part, or the workers that do what it says."""
        if part in USES:
            below = process.descendants(self.service.pid_of("fleet"))
            return [found for found in below if _title(found.pid).startswith(f"{USES[part]} {tenant}")]
        leader = self.pid_of(part)
        # PostgreSQL's sessions are of their own, and a fleet's workers are no part of it.
        return process.session_of(leader) + (process.descendants(leader) if part == "postgres" else [])

    def in_hand(self, use: str, tenant: str) -> list[str]:
        """Return the jobs that the workers of an organisation who do `use` have, or have taken and not begun."""
        query = "SELECT id FROM public.job WHERE tenant = %s AND queue = %s AND state = %s"
        running, sent = (self.ask(query, tenant, QUEUES[use], state) for state in ("running", "sent"))
        with redis.Redis.from_url(self.servers.owner_redis_url()) as broker:
            is_empty = broker.llen(f"t:{tenant}:{QUEUES[use]}") == 0
        return [id for (id,) in [*running, *(sent if is_empty else ())]]

    def on_their_way(self) -> list[str]:
        """Return the jobs of customers of which the broker has a message, or had one that no worker has taken up."""
        query = "SELECT id FROM public.job WHERE state = 'sent' AND queue IN ('later', 'train')"
        return [id for (id,) in self.ask(query)]

    def tenant_of(self, worker: process.Found) -> str:
        return _title(worker.pid).partition(" ")[2]

    def pid_of(self, part: str) -> int:
        kept = (self.servers if part in SERVERS else self.service.instance).run / f"{part}.pid"
        # Whoever dies may take it along between two looks.
        with suppress(FileNotFoundError):
            return int(kept.read_text().split()[0])
        return 0

    def _start_servers(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.faults.servers", str(self.servers.data)]
        with self._log.open("wb") as log:
            started = subprocess.Popen(command, cwd=ROOT, env=CALLER, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while b"ready" not in self._log.read_bytes():
            if started.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the servers did not start:\n{self._log.read_text()}")
            time.sleep(0.1)
        return started

    def _found(self, name: str) -> Customer:
        made = self.service.create_organisation(name, f"{name.lower()}@example.test")
        short = [f"the {_WORDS[n % 4]} number {n},{_WORDS[n % 4]}s" for n in range(ROWS)]
        long = [f"words number {n} and {n * 7919 % 1000} of {n % 40},label{n % 40}" for n in range(LONG_ROWS)]
        with (api := Api(self.service.url, made["key"])).client:
            datasets = [str(api.upload(self._file(name, rows))["id"]) for rows in (short, long)]
            api.train(datasets[0], "first")
        return Customer(made["organisation"].removeprefix("org_"), made["key"], *datasets)

    def _file(self, name: str, rows: Sequence[str]) -> Path:
        path = self.service.instance.data / f"{name}.csv"
        path.write_text("\n".join(["text,label", *rows, ""]))
        return path


_WORDS = ("invoice", "password", "crash", "parcel")


def _through(url: str, proxy: Proxy) -> str:
    split = urlsplit(url)
    login = split.netloc.rpartition("@")[0]
    return split._replace(netloc=f"{login}@{split.hostname}:{proxy.port}").geturl()


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:  # It has just ended.
        return ""
