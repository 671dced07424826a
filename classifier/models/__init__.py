"""What an organisation owns: it lies in its own schema. Actors are kept as a name, never as a relation."""

from classifier.models.classification import Answer, Classification
from classifier.models.dataset import Dataset, Row
from classifier.models.model import Model, Promotion, Refusal
from classifier.models.model_version import EvaluatedRow, ModelVersion
from classifier.models.training_job import TrainingEvent, TrainingJob

__all__ = [
    "Answer",
    "Classification",
    "Dataset",
    "EvaluatedRow",
    "Model",
    "ModelVersion",
    "Promotion",
    "Refusal",
    "Row",
    "TrainingEvent",
    "TrainingJob",
]
