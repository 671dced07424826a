"""A champion of the bank, as any other service gets it: from MLflow's registry, with MLflow's own client."""

import subprocess
import sys
import time
from pathlib import Path

from tests.bench.bank import Bank
from tests.service import CALLER, Service

# A version is recorded a few seconds after its training; the first one waits for MLflow's migrations as well.
RECORDED_SECONDS = 180

_DOWNLOAD = """
import sys, mlflow
print(mlflow.artifacts.download_artifacts(artifact_uri=sys.argv[1], dst_path=sys.argv[2]))
"""


def download(service: Service, bank: Bank, model: str, folder: Path) -> Path:
    """Return the folder with what `models:/…@champion` stands for."""
    folder.mkdir(parents=True)
    given = service.instance.environment("registrar")
    environment = CALLER | {"MLFLOW_TRACKING_URI": given["MLFLOW_DATABASE_URL"], "MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [sys.executable, "-c", _DOWNLOAD, f"models:/{bank.tenant}.{model}@champion", str(folder)]
    deadline = time.monotonic() + RECORDED_SECONDS
    while True:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode == 0:
            return Path(done.stdout.strip().splitlines()[-1])
        if time.monotonic() > deadline:
            raise RuntimeError(f"MLflow does not give out the bank's model:\n{done.stderr}")
        time.sleep(2)
