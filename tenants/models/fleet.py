"""What the fleets tell of themselves, and who serves whom. Nobody but they write it; see classifier/fleet/."""

from django.db import models


class FleetHost(models.Model):
    """A fleet, named after its host, with what it saw when it last told."""

    host = models.CharField(primary_key=True, max_length=64)
    at = models.DateTimeField()
    # The organisations that a dedicated host serves, and no other host does, with commas between them.
    dedicated_to = models.TextField(blank=True)
    free_places = models.PositiveSmallIntegerField()
    # What waits, and what the fleet is about to do.
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "fleet_host"

    def __str__(self) -> str:
        return self.host


class FleetWorker(models.Model):
    """A worker process of an organisation. Its own memory is what it shares with nobody."""

    host = models.CharField(max_length=64)
    pid = models.PositiveIntegerField()
    tenant = models.CharField(max_length=16)
    use = models.CharField(max_length=6)
    started_at = models.DateTimeField()
    active_at = models.DateTimeField()
    is_stopping = models.BooleanField(default=False)
    own_bytes = models.PositiveBigIntegerField(null=True)
    pss_bytes = models.PositiveBigIntegerField(null=True)
    cpu_seconds = models.FloatField(default=0)

    class Meta:
        db_table = "fleet_worker"
        verbose_name = "worker"
        constraints = [models.UniqueConstraint(fields=["host", "pid"], name="fleet_worker_is_unique")]
        indexes = [models.Index(fields=["tenant"], name="fleet_worker_tenant")]

    def __str__(self) -> str:
        return f"{self.use} of {self.tenant} on {self.host}"


class TenantLease(models.Model):
    """Which host serves an organisation, and until when. The token rises with every change of hands."""

    tenant = models.CharField(primary_key=True, max_length=16)
    host = models.CharField(max_length=64)
    token = models.PositiveBigIntegerField()
    until = models.DateTimeField()

    class Meta:
        db_table = "tenant_lease"
        indexes = [models.Index(fields=["host"], name="tenant_lease_host")]

    def __str__(self) -> str:
        return f"{self.tenant} on {self.host}"


class Quarantine(models.Model):
    """Workers that ended as soon as they had begun, several times in a row. Deleting the row releases them."""

    tenant = models.CharField(max_length=16)
    use = models.CharField(max_length=6)
    host = models.CharField(max_length=64)
    failures = models.PositiveIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    # Where the last words of those workers are.
    log = models.CharField(max_length=500)

    class Meta:
        db_table = "quarantine"
        verbose_name_plural = "quarantine"
        constraints = [models.UniqueConstraint(fields=["tenant", "use"], name="quarantine_is_unique")]

    def __str__(self) -> str:
        return f"{self.use} of {self.tenant}"
