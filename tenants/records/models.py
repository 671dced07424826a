"""What an organisation's own schema keeps beside its data: replays, usage, audit. Actors are an id and a name."""

from django.db import models


class IdempotencyKey(models.Model):
    """The answer to a POST that carried an Idempotency-Key, for 24 hours."""

    key = models.CharField(primary_key=True, max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key


class Usage(models.Model):
    """Requests, rows and errors of one day, key and model. The key is `""` for a person in the dashboard."""

    day = models.DateField()
    api_key = models.CharField(max_length=24, blank=True)
    model = models.CharField(max_length=80, blank=True)
    requests = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    errors = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "api_key", "model"], name="usage_is_unique")]

    def __str__(self) -> str:
        return f"{self.day} {self.model}"


class AuditEvent(models.Model):
    """Who did what to what. Rows are only ever added."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=254)
    action = models.CharField(max_length=64)
    target = models.CharField(max_length=100, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["-at"], name="audit_newest")]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.target}"
