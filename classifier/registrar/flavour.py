"""A version as MLflow's pyfunc: a copy of the artefact, a copy of classifier/ml, and the entry that joins them.

Nothing of it is a pickle. Whoever loads it needs no Assort: the package travels with the model, as `assort_ml`.
"""

import shutil
import tempfile
from importlib.metadata import version as installed
from pathlib import Path

import mlflow.pyfunc
from mlflow.models import ModelSignature
from mlflow.types.schema import AnyType, ColSpec, DataType, Schema

from classifier import ml
from classifier.ml import artefact
from classifier.ml.pyfunc import ENCODERS, PROBABILITY
from classifier.ml.sentences import Library
from classifier.registrar import tenant_files
from classifier.registrar.record import Record

_PACKAGE = "assort_ml"
_REQUIREMENTS = ("numpy", "scipy", "scikit-learn")
_REQUIREMENTS_OF_ENCODERS = ("onnxruntime", "tokenizers")


def log_model(version: Record, served: int, encoders: Library) -> str:
    """Log the artefact in the open folder `served` to the active run and return its URI.

    Raises ArtefactDamaged when it is not what the record says, or cannot be loaded here, and EncoderMissing.
    """
    with tempfile.TemporaryDirectory(prefix="assort-") as made:
        copy, package = Path(made, "served"), Path(made, _PACKAGE)
        tenant_files.copy(served, copy)
        needed = artefact.load(copy, encoders, sha256=version.sha256).scorer.encoders
        shutil.copytree(Path(ml.__path__[0]), package, ignore=shutil.ignore_patterns("__pycache__"))
        for sha256 in needed:
            shutil.copytree(encoders.directory / sha256, package / ENCODERS.name / sha256)
        libraries = (*_REQUIREMENTS, *_REQUIREMENTS_OF_ENCODERS) if needed else _REQUIREMENTS
        info = mlflow.pyfunc.log_model(
            name=version.model,
            loader_module=f"{_PACKAGE}.pyfunc",
            code_paths=[str(package)],
            data_path=str(copy),
            signature=_signature(version),
            # Said, not inferred: MLflow would load the model in another process to find out.
            pip_requirements=[f"{library}=={installed(library)}" for library in libraries],
            metadata={"version_id": version.id, "sha256": version.sha256, "features": version.features},
        )
    return str(info.model_uri)


def _signature(version: Record) -> ModelSignature:
    """What MLflow checks of an input before the model sees it.

    A column may hold a JSON value or the text that stands for it, or be missing: that is no type of MLflow's. For a
    text model nothing is said, because MLflow would then refuse either a list of texts or a DataFrame.
    """
    inputs = None
    if version.kind == "table":
        inputs = Schema([_anything(feature["name"]) for feature in version.features])
    probabilities = [ColSpec(DataType.double, f"{PROBABILITY}{label}") for label in version.labels]
    outputs = Schema([ColSpec(DataType.string, "label"), ColSpec(DataType.double, "confidence"), *probabilities])
    return ModelSignature(inputs=inputs, outputs=outputs)


def _anything(name: str) -> ColSpec:
    return ColSpec(AnyType(), name, required=False)  # type: ignore[no-untyped-call]  # MLflow has not typed it.
