"""The secrets of an installation in the forms that others read: Kubernetes' Secrets, and files for Docker Compose."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

_LABEL = "app.kubernetes.io/name: assort"


def secrets(of_roles: Mapping[str, Mapping[str, str]], *, prefix: str) -> str:
    """Return a Secret for each role, called `prefix` and its name, as text for `kubectl apply -f -`."""
    return "".join(_secret(f"{prefix}-{role}", values) for role, values in of_roles.items())


def write_files(of_services: Mapping[str, Mapping[str, str]], folder: Path) -> None:
    """Write a file for each service, which nobody else may read, with the variables of its environment.

    Raises ValueError for what no such file can hold.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for service, values in of_services.items():
        if any("\n" in text for text in values.values()):
            raise ValueError(f"a secret of {service} has more than one line")
        path = folder / f"{service}.env"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.writelines(f"{name}={text}\n" for name, text in sorted(values.items()))


def _secret(name: str, values: Mapping[str, str]) -> str:
    head = f"---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  labels:\n    {_LABEL}\ntype: Opaque\n"
    # What JSON takes for a text, YAML does as well.
    lines = (f"  {variable}: {json.dumps(text)}\n" for variable, text in sorted(values.items()))
    return f"{head}stringData:\n{''.join(lines)}"
