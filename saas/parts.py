"""What an instance consists of, in the order in which it starts."""

import http.client
import sys
from functools import partial

from saas import embedded
from saas.instance import Instance
from saas.place import MANAGE
from saas.ports import HOST
from saas.process import Part

# Pages and calls that each web process serves at a time.
_WEB_THREADS = 16
# A page or an upload is a long piece of work, and a classification a short one that somebody's program waits for.
_YIELDING = 5


def stages(instance: Instance, *, mlflow_ui: bool = False) -> list[list[Part]]:
    """Return the parts, those together that can start at the same time; a stage needs the ones before it."""
    parts = [
        _forked(instance, "provisioner", *MANAGE, "provisioner"),
        _gateway(instance),
        _web(instance),
        _forked(instance, "relay", *MANAGE, "relay"),
        _forked(instance, "postman", *MANAGE, "postman"),
        _forked(instance, "fleet", *MANAGE, "fleet", "run"),
        Part("registrar", (sys.executable, "-m", "classifier.registrar"), instance.environment("registrar")),
    ]
    if mlflow_ui:
        parts.append(_mlflow(instance))
    prepare = Part("prepare", (*MANAGE, "prepare"), instance.environment("prepare"), once=True)
    first = [*embedded.services(instance), _assets(instance)]
    # The fleet forks workers with the encoder that it finds when it starts.
    in_turn = (first, [prepare], _encoder(instance), parts, _sample(instance))
    return [stage for stage in in_turn if stage]


def _assets(instance: Instance) -> Part:
    """Return the part that lays out scripts and styles for the browser: a second's work, new with each version."""
    unused = [f"--ignore={name}" for name in ("rest_framework", "redoc")]
    command = (*MANAGE, "collectstatic", "--no-input", "--clear", "--verbosity", "0", *unused)
    return Part("assets", command, instance.environment("manage"), once=True)


def _encoder(instance: Instance) -> list[Part]:
    """Return the part that adds the sentence encoder: on the first start only, in two or three seconds."""
    if not instance.encoder or (instance.data / "shared" / "_encoders" / "default").exists():
        return []
    command = (*MANAGE, "encoder", "bundled", "--if-installed")
    return [Part("encoder", command, instance.environment("manage"), once=True)]


def _sample(instance: Instance) -> list[Part]:
    """Return the part that trains and publishes the sample model: on the first start only, in a few seconds.

    Later starts need not even ask the database. A service without the sample is better than none.
    """
    if (instance.data / "shared" / "support").exists():
        return []
    return [Part("sample", (*MANAGE, "sample", "publish", "--if-possible"), instance.environment("manage"), once=True)]


def _forked(instance: Instance, name: str, *command: str) -> Part:
    return Part(name, command, instance.environment(name), is_forked=True)


def _gateway(instance: Instance) -> Part:
    # Requests in hand at the same time: the gateway bounds those of each organisation itself, well below this.
    bounds = ("--backlog", "4096", "--backpressure", "8192")
    command = _granian(instance, "asgi", "saas.asgi:application", "web", *bounds)
    probe = partial(_answers, instance.ports["web"], "/readyz")
    return Part("gateway", command, instance.environment("gateway"), probe=probe)


def _web(instance: Instance) -> Part:
    command = _granian(instance, "wsgi", "saas.wsgi:application", "pages", "--blocking-threads", str(_WEB_THREADS))
    # It refuses whoever does not come through the gateway.
    probe = partial(_answers, instance.ports["pages"], "/", http.client.FORBIDDEN)
    return Part("web", command, instance.environment("web"), probe=probe, nice=_YIELDING)


def _granian(instance: Instance, interface: str, application: str, port: str, *bounds: str) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "granian", "--interface", interface, application),
        *("--host", HOST, "--port", str(instance.ports[port])),
        *("--workers", str(instance.web_processes), "--respawn-failed-workers", "--no-ws"),
        # Less than the grace of the part, so that the server and not its keeper ends a stuck worker.
        *("--workers-kill-timeout", "8"),
        *bounds,
    )


def _mlflow(instance: Instance) -> Part:
    port = instance.ports["mlflow"]
    environment = instance.environment("mlflow")
    # A command line can be read by every user of the machine, this address holds a password.
    environment["MLFLOW_BACKEND_STORE_URI"] = environment["MLFLOW_DATABASE_URL"]
    artifacts = ("--no-serve-artifacts", "--default-artifact-root", str(instance.data / "mlflow"))
    command = (
        sys.executable,
        "-m",
        "mlflow",
        "ui",
        "--host",
        HOST,
        "--port",
        str(port),
        "--workers",
        "1",
        *artifacts,
    )
    probe = partial(_answers, port, "/health")
    return Part("mlflow", command, environment, probe=probe, address=f"http://{HOST}:{port}")


def _answers(port: int, path: str, status: int = http.client.OK) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
