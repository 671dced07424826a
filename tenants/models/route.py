from django.db import models


class Route(models.Model):
    """What the gateway must know of a model to accept a request for it: which version serves, and of what kind.

    Written in the promotion's own transaction through `door.set_route`, read by the gateway.
    """

    tenant = models.CharField(max_length=16)
    model = models.CharField(max_length=63)
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=5)
    labels = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "route"
        constraints = [models.UniqueConstraint(fields=["tenant", "model"], name="route_is_unique")]

    def __str__(self) -> str:
        return f"{self.tenant}.{self.model}@{self.version}"
