"""Attacks from inside a worker of Acme on what is Globex's; `python -m classifier.forkserver` runs it as the entry.

Each attack is a step that must be refused, beside the same step on Acme's own, which must work.
"""

import json
import os
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db import connection

from classifier import tasks, worker
from classifier.secret import Secret
from tenants import isolation


def main(secret: bytes) -> None:
    given = json.loads(secret)
    stranger, neighbour = given.pop("stranger"), given.pop("neighbour")
    web_pid, pages = given.pop("web_pid"), given.pop("pages")
    worker.become(Secret(**given))
    attacks = _attacks(given["tenant"], stranger, web_pid, pages) | _on_a_worker(given["tenant"], stranger, neighbour)
    report = {name: _outcome(attack) for name, attack in attacks.items()}
    (isolation.directory(given["tenant"]) / "probe.json").write_text(json.dumps(report))


def _outcome(attack: Callable[[], Any]) -> str:
    try:
        attack()
    except Exception as refusal:  # noqa: BLE001 - Whatever refuses, its kind and words are the result.
        return f"{type(refusal).__name__}: {refusal}"
    return "done"


def _attacks(own: str, stranger: str, web_pid: int, pages: str) -> dict[str, Callable[[], Any]]:
    def sql(statement: str) -> Callable[[], Any]:
        def run() -> None:
            with connection.cursor() as cursor:
                cursor.execute(statement)

        return run

    def broker(*command: str) -> Callable[[], Any]:
        return lambda: tasks.Worker.broker.execute_command(*command)

    data = Path(settings.ASSORT_DATA)
    theirs = isolation.directory(stranger)
    return {
        "own schema": sql("SELECT count(*) FROM classifier_dataset"),
        "their schema": sql(f"SELECT count(*) FROM t_{stranger}.classifier_dataset"),
        "their role": sql(f"SET ROLE t_{stranger}"),
        "their login": lambda: _log_in(f"wk_{stranger}"),
        "public": sql("SELECT count(*) FROM public.api_key"),
        "everybody's letters": sql("SELECT count(*) FROM public.letter"),
        "a letter to them": sql(f"INSERT INTO public.letter (tenant) VALUES ('{stranger}')"),
        "their appointments": sql(f"DELETE FROM public.appointment WHERE tenant = '{stranger}'"),
        "an appointment": sql("SELECT door.set_appointment('support', now() + interval '1 day')"),
        "a letter": sql("SELECT door.write_letter('rows_wait', 'support', 'New rows are there.')"),
        "a new table": sql("CREATE TABLE mine (id int)"),
        "a server's file": sql("SELECT pg_read_file('/etc/passwd')"),
        "a server's program": sql("COPY (SELECT 1) TO PROGRAM 'true'"),
        "own queue": broker("LLEN", isolation.queue(own, "infer")),
        "their queue": broker("LLEN", isolation.queue(stranger, "infer")),
        "their messages": broker("RPOP", isolation.queue(stranger, "infer")),
        "a message for them": broker("LPUSH", isolation.queue(stranger, "infer"), "x"),
        "their replies": broker("RPUSH", isolation.reply_list(stranger, "gateway"), "x"),
        "all keys": broker("KEYS", "*"),
        "shared models": lambda: list((data / "shared" / "support").iterdir()),
        "a shared model's file": lambda: (data / "shared" / "support" / "mine").write_text("x"),
        "own folder": lambda: list(isolation.directory(own).iterdir()),
        "their folder": lambda: list(theirs.iterdir()),
        "a file of theirs": (theirs / "secret.txt").read_text,
        "a link to a file of theirs": lambda: _through_a_link(own, theirs / "secret.txt"),
        "the installation's secrets": (data / "secrets.json").read_text,
        "a system's file": Path("/etc/passwd").read_text,
        "another process's memory": lambda: Path(f"/proc/{web_pid}/mem").open("rb"),
        "another process's environment": lambda: Path(f"/proc/{web_pid}/environ").read_bytes(),
        "a signal": lambda: os.kill(web_pid, 0),
        "a program": lambda: os.execv("/bin/true", ["true"]),
        "another port": lambda: _connect(settings.ASSORT_PUBLIC_URL),
        "the web processes' port": lambda: _connect(pages),
    }


def _on_a_worker(own: str, stranger: str, neighbour: int) -> dict[str, Callable[[], Any]]:
    mine, theirs = isolation.directory(own) / "mine.txt", isolation.directory(stranger) / "secret.txt"
    mine.write_text("of Acme")
    return {
        "own file's mode": lambda: mine.chmod(0o600),
        "their file's mode": lambda: theirs.chmod(0o666),
        "own file's times": lambda: os.utime(mine, (1, 1)),
        "their file's times": lambda: os.utime(theirs, (1, 1)),
        "own limits": lambda: resource.prlimit(os.getpid(), resource.RLIMIT_CORE, (0, 0)),
        "their worker's limits": lambda: resource.prlimit(neighbour, resource.RLIMIT_CORE, (0, 0)),
        "their worker's memory": lambda: Path(f"/proc/{neighbour}/mem").open("rb"),
        "their worker's environment": lambda: Path(f"/proc/{neighbour}/environ").read_bytes(),
        "a signal to their worker": lambda: os.kill(neighbour, signal.SIGURG),
        "a link": lambda: mine.with_name("link").symlink_to(theirs),
        "a pipe": lambda: os.mkfifo(mine.with_name("pipe")),
        "a child": lambda: _fork(1),
        # Of processes, and not more of them than a machine can bear where nothing bounds them.
        "processes without end": lambda: _fork(1_000 if resource.getrlimit(resource.RLIMIT_NPROC)[0] < 1_000 else 0),
    }


def _fork(count: int) -> None:
    """Start so many processes, all there at the same time, and end them."""
    children: list[int] = []
    try:
        for _ in range(count):
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _connect(address: str) -> None:
    """Connect to one of the service's other servers, with which no worker has any business."""
    at = urlsplit(address)
    socket.create_connection((at.hostname, at.port), timeout=2)


def _log_in(user: str) -> None:
    own = connection.settings_dict
    psycopg.connect(
        host=own["HOST"], port=own["PORT"], dbname=own["NAME"], user=user, password=own["PASSWORD"], connect_timeout=3
    )


def _through_a_link(own: str, target: Path) -> str:
    link = isolation.directory(own) / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    return link.read_text()
