from django.db import models

from tenants import ids


def new_id() -> str:
    return ids.new("cls")


class Classification(models.Model):
    """An accepted request that is answered later. Its inputs stand here before anybody is told that it was accepted."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    id = models.CharField(primary_key=True, max_length=24, default=new_id, editable=False)
    model = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    inputs = models.JSONField(null=True)
    top_k = models.PositiveIntegerField(default=1)
    explain = models.BooleanField(default=False)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    results = models.JSONField(null=True)
    warnings = models.JSONField(default=list)
    error = models.JSONField(null=True)
    api_key = models.CharField(max_length=24, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-created_at"], name="classification_newest")]

    def __str__(self) -> str:
        return self.id
