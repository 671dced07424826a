"""What all parts of an instance count, read from the port of each; see tenants/metrics.py."""

import http.client
from collections.abc import Iterator

from saas.instance import MEASURED, Instance
from saas.ports import HOST

_SECONDS = 10.0


def targets(instance: Instance) -> list[dict[str, object]]:
    """Return whom Prometheus is to ask, in the form of its `file_sd_configs`."""
    return [
        {"targets": [f"{HOST}:{port}" for port in instance.metrics_ports(part)], "labels": {"part": part}}
        for part in MEASURED
    ]


def texts(instance: Instance) -> Iterator[str]:
    """Yield what each process tells, under a line that names it; and that it does not, where it does not answer."""
    for part in MEASURED:
        for port in instance.metrics_ports(part):
            yield f"# --- {part}, http://{HOST}:{port}/metrics\n{_asked(port)}"


def _asked(port: int) -> str:
    connection = http.client.HTTPConnection(HOST, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException) as error:
        return f"# It does not answer: {error}\n"
    finally:
        connection.close()
