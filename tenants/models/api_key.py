from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from tenants import ids
from tenants.models.organisation import Organisation


def new_id() -> str:
    return ids.new("key")


class ApiKey(models.Model):
    """A program's way in. It is looked up before the organisation is known, so it lies in `public`."""

    id = models.CharField(primary_key=True, max_length=24, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    # The 12 characters by which a key is found; they are no secret and stand in lists and logs.
    public = models.CharField(max_length=12, unique=True)
    # HMAC-SHA256 of the whole key under the server's pepper, which is not in the database.
    digest = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=8))
    # How many rows a month it may have classified; null is as many as the organisation.
    rows_cap = models.PositiveBigIntegerField(null=True, blank=True)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "api_key"

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        return f"ak_live_{self.public}_…"

    @property
    def is_valid(self) -> bool:
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not expired
