from django.core.validators import RegexValidator
from django.db import models
from django_tenants.models import TenantMixin

from tenants import ids
from tenants.models.plan import Plan

SCHEMA_PATTERN = r"^t_[a-z0-9]{16}$"


class Organisation(TenantMixin):
    """A customer. Its schema, roles, broker keys and folder are named from the random part of its id, for ever."""

    class Status(models.TextChoices):
        REQUESTED = "requested"  # The provisioner has yet to make its schema, roles and folder.
        ACTIVE = "active"
        SUSPENDED = "suspended"
        DELETING = "deleting"
        DELETED = "deleted"

    class Retention(models.TextChoices):
        OFF = "off"
        DAY = "24h"
        MONTH = "30d"

    # The provisioner makes schemas, never save(); django-tenants reads these two.
    auto_create_schema = False
    auto_drop_schema = False

    tenant = models.CharField(primary_key=True, max_length=16, default=ids.new_tenant, editable=False)
    schema_name = models.CharField(max_length=18, unique=True, validators=[RegexValidator(SCHEMA_PATTERN)])
    name = models.CharField(max_length=100)
    slug = models.CharField(max_length=40, unique=True)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.REQUESTED)
    retention = models.CharField(max_length=3, choices=Retention, default=Retention.DAY)
    # What was asked is kept beside its answer only where the organisation says so.
    keep_inputs = models.BooleanField(default=False)
    # How many rows a month its admins want to have classified at most; null is as many as the plan says.
    rows_cap = models.PositiveBigIntegerField(null=True, blank=True)
    # The user of the system that owns its folder, where it has one: given by the provisioner, and never to another.
    uid = models.PositiveIntegerField(null=True, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "organisation"
        constraints = [
            # A schema's name becomes a role, a key prefix and a path: nothing else may ever stand there.
            models.CheckConstraint(
                condition=models.Q(schema_name__regex=SCHEMA_PATTERN), name="organisation_schema_is_random"
            ),
            # Root's number, or somebody's who lives on the host, would open their files to a worker.
            models.CheckConstraint(
                condition=models.Q(uid__gt=1_900_000_000, uid__lte=2_100_000_000), name="organisation_uid_is_nobodys"
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def id(self) -> str:
        return f"org_{self.tenant}"

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE
