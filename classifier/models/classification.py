from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from tenants import ids


def new_id() -> str:
    return ids.new("cls")


def in_a_day() -> datetime:
    return timezone.now() + timedelta(days=1)


class Classification(models.Model):
    """One request and its answer, for as long as the organisation keeps them.

    One that is answered later stands here with its inputs before anybody is told that it was accepted.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    id = models.CharField(primary_key=True, max_length=24, default=new_id, editable=False)
    model = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    inputs = models.JSONField(null=True)
    # Whether the inputs stay when they are answered.
    keep_inputs = models.BooleanField(default=False)
    top_k = models.PositiveIntegerField(default=1)
    explain = models.BooleanField(default=False)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    results = models.JSONField(null=True)
    warnings = models.JSONField(default=list)
    error = models.JSONField(null=True)
    api_key = models.CharField(max_length=24, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(default=in_a_day)

    class Meta:
        indexes = [
            models.Index(fields=["-created_at"], name="classification_newest"),
            models.Index(fields=["model", "-created_at"], name="classification_by_model"),
            models.Index(fields=["expires_at"], name="classification_expires"),
        ]

    def __str__(self) -> str:
        return self.id


class Answer(models.Model):
    """The answer to one input of a classification, in columns, so that it can be searched for."""

    # Django's own index on a text has a second one beside it, for its beginning, which nobody looks for.
    classification = models.ForeignKey(Classification, on_delete=models.CASCADE, related_name="answers", db_index=False)
    # The input's place in its request.
    index = models.PositiveIntegerField()
    # These two are the classification's: an index serves one table.
    at = models.DateTimeField()
    model = models.CharField(max_length=80)
    # Empty where the model abstained.
    label = models.CharField(max_length=500, blank=True)
    confidence = models.FloatField()

    class Meta:
        indexes = [
            models.Index(fields=["classification"], name="answer_by_classification"),
            models.Index(fields=["at", "id"], name="answer_newest"),
            models.Index(fields=["model", "at", "id"], name="answer_by_model"),
            models.Index(fields=["label", "at", "id"], name="answer_by_label"),
            models.Index(fields=["confidence"], name="answer_by_confidence"),
        ]

    def __str__(self) -> str:
        return f"{self.classification_id} {self.index}"
