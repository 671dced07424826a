"""What the registrar's processes are told through the environment."""

import os
from collections.abc import Mapping


def required(name: str) -> str:
    """Return the variable's value; without one, end the process with a word about what to do."""
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"{name} is not set. Start this process with ./assort, which sets it.")
    return value


def recorder(given: Mapping[str, str]) -> dict[str, str]:
    """Return the recorder's environment: MLflow's database, and not the login to the main one."""
    return {name: value for name, value in given.items() if name not in {"DATABASE_URL", "NOTIFY_SOCKET"}} | {
        "MLFLOW_TRACKING_URI": given["MLFLOW_DATABASE_URL"],
        "MLFLOW_BACKEND_STORE_URI": given["MLFLOW_DATABASE_URL"],
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # Its lines are written as ours are.
        "MLFLOW_CONFIGURE_LOGGING": "false",
        # The recorder stores models and never loads one, so nothing in a model may run here. Both default to true.
        "MLFLOW_ALLOW_MODEL_CODE_EXECUTION": "false",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    }
