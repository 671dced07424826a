from django.db import models

from tenants.models.organisation import Organisation


class Provisioning(models.Model):
    """Work for the provisioner: the web process may ask for a schema, and may not make one."""

    class Action(models.TextChoices):
        CREATE = "create"
        DELETE = "delete"

    class State(models.TextChoices):
        REQUESTED = "requested"
        DONE = "done"
        FAILED = "failed"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="provisionings")
    action = models.CharField(max_length=6, choices=Action)
    state = models.CharField(max_length=9, choices=State, default=State.REQUESTED)
    error = models.TextField(blank=True)
    requested_by = models.CharField(max_length=254)
    requested_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "provisioning"
        indexes = [
            models.Index(fields=["requested_at"], condition=models.Q(state="requested"), name="provisioning_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.organisation_id}"
