"""The embedded servers of an instance without its supervisor."""

import subprocess
from functools import partial

from saas import embedded, process
from saas.embedded_server import EmbeddedError
from saas.instance import ROOT, Instance
from saas.process import Part

START_SECONDS = 60.0
_started: list[subprocess.Popen[bytes]] = []


def start(instance: Instance) -> None:
    """Start the servers and return when both answer. They end with this process, or by `stop`.

    Raises EmbeddedError with the end of the log if one does not start.
    """
    instance.claim()
    embedded.end_leftovers(instance)
    instance.move_taken_ports()
    for part in embedded.services(instance):
        log = instance.log(part.name)
        running = process.start(part, cwd=ROOT, log=log)
        _started.append(running)
        process.wait_for(partial(_answers_or_has_ended, part, running), START_SECONDS)
        if running.poll() is not None or not _answers(part):
            end = "\n".join(process.last_lines(log))
            raise EmbeddedError(f"{part.name} does not start. Its log {log} ends:\n{end}")


def stop(instance: Instance) -> None:
    """End the servers, PostgreSQL by its fast shutdown, and let go of the instance."""
    embedded.end_leftovers(instance)
    instance.release()
    _started[:] = [running for running in _started if running.poll() is None]


def _answers(part: Part) -> bool:
    return part.probe is not None and part.probe()


def _answers_or_has_ended(part: Part, running: subprocess.Popen[bytes]) -> bool:
    return running.poll() is not None or _answers(part)
