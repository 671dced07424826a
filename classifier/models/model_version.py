from django.db import models

from classifier.ml.silence import Silence
from classifier.models.dataset import Dataset
from classifier.models.model import Model
from tenants import ids


def new_id() -> str:
    return ids.new("mv")


class ModelVersion(models.Model):
    """One trained model. Its arrays lie in the organisation's folder, and their hash here."""

    id = models.CharField(primary_key=True, max_length=24, default=new_id, editable=False)
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    dataset = models.ForeignKey(Dataset, on_delete=models.SET_NULL, null=True, related_name="versions")
    dataset_sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=5)
    schema = models.JSONField()
    labels = models.JSONField()
    # `ml.evaluate.Evaluation` without its rows, which are EvaluatedRow.
    metrics = models.JSONField()
    parameters = models.JSONField()
    # The artefact that serves, and its twin, which was fitted without the held-out rows.
    sha256 = models.CharField(max_length=64)
    twin_sha256 = models.CharField(max_length=64)
    seconds = models.FloatField()
    # MLflow's number of a version that an outside pipeline registered there; null for those that were trained here. Of
    # such a one, `dataset` is what it was tested on: what it learnt from is not known.
    mlflow_version = models.PositiveIntegerField(null=True)
    # Below this confidence it gives no label, and this share of the inputs that belong here it may refuse as foreign.
    threshold = models.FloatField(null=True)
    # What the threshold was derived from, if it was: this share of the answers given must be right.
    goal = models.FloatField(null=True)
    scope_refused = models.FloatField(null=True)
    # On so many rows it is known what belongs here; null where it cannot tell.
    scope_rows = models.PositiveIntegerField(null=True)
    # Why it was promoted, or was not, in words.
    verdict = models.CharField(max_length=300, blank=True)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "number"], name="version_number_is_unique")]

    def __str__(self) -> str:
        return f"{self.model_id}@{self.number}"

    @property
    def silence(self) -> Silence:
        return Silence(self.threshold, self.scope_refused)


class EvaluatedRow(models.Model):
    """What the twin said of one held-out row: the rows behind a cell of the confusion matrix."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="evaluated")
    number = models.PositiveIntegerField()
    label = models.CharField(max_length=500)
    predicted = models.CharField(max_length=500)
    confidence = models.FloatField()

    class Meta:
        indexes = [models.Index(fields=["version", "label", "predicted", "number"], name="evaluated_cell")]

    def __str__(self) -> str:
        return f"{self.version_id} row {self.number}"
