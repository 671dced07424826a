from django.db import models


class Appointment(models.Model):
    """When the organisation's worker is to look at one of its models again; see appointments.py."""

    tenant = models.CharField(max_length=16)
    subject = models.CharField(max_length=63)
    due_at = models.DateTimeField()

    class Meta:
        db_table = "appointment"
        indexes = [models.Index(fields=["due_at"], name="appointment_due")]
        constraints = [models.UniqueConstraint(fields=["tenant", "subject"], name="appointment_is_unique")]

    def __str__(self) -> str:
        return f"{self.tenant}.{self.subject} at {self.due_at}"
