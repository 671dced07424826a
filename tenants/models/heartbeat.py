from django.db import models


class Heartbeat(models.Model):
    """When one of the processes without a port last said that it lives, and what it is at; see heartbeats.py."""

    part = models.CharField(max_length=16)
    host = models.CharField(max_length=64)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "heartbeat"
        constraints = [models.UniqueConstraint(fields=["part", "host"], name="heartbeat_is_unique")]

    def __str__(self) -> str:
        return f"{self.part} on {self.host}"
