from django.db import models

from classifier.models.dataset import Dataset
from classifier.models.model import Model
from classifier.models.model_version import ModelVersion
from tenants import ids

FINISHED = ("succeeded", "failed", "canceled")


def new_id() -> str:
    return ids.new("job")


class TrainingJob(models.Model):
    """One training, from the wish to the version. A status in FINISHED never changes again."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELED = "canceled"

    id = models.CharField(primary_key=True, max_length=24, default=new_id, editable=False)
    dataset = models.ForeignKey(Dataset, on_delete=models.SET_NULL, null=True, related_name="training_jobs")
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="training_jobs")
    options = models.JSONField(default=dict)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    cancel_requested = models.BooleanField(default=False)
    percent = models.PositiveSmallIntegerField(default=0)
    stage = models.CharField(max_length=40, default="queued")
    eta_seconds = models.PositiveIntegerField(null=True)
    version = models.OneToOneField(ModelVersion, on_delete=models.SET_NULL, null=True, related_name="training_job")
    # {code, detail} of a failure.
    error = models.JSONField(null=True)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-created_at"], name="training_newest")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=FINISHED, finished_at__isnull=False)
                | (~models.Q(status__in=FINISHED) & models.Q(finished_at__isnull=True)),
                name="training_finished_has_time",
            )
        ]

    def __str__(self) -> str:
        return f"training {self.id}"

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED


class TrainingEvent(models.Model):
    """A line of a training's history. Its number orders them, and a stream resumes after it."""

    job = models.ForeignKey(TrainingJob, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    stage = models.CharField(max_length=40)
    percent = models.PositiveSmallIntegerField()
    message = models.CharField(max_length=300)

    def __str__(self) -> str:
        return f"{self.job_id} {self.stage}"
