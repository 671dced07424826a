from django.db import models

from tenants import ids


def new_id() -> str:
    return ids.new("mv")


class SharedModel(models.Model):
    """One version of a model that the operator has published for every organisation, as `assort.<name>`.

    The newest version of a name that was not withdrawn serves. Organisations read it through
    `door.shared_models()`; the gateway reads the table.
    """

    id = models.CharField(primary_key=True, max_length=24, default=new_id, editable=False)
    # What the versions of one name have in common, as a model of an organisation's own has its id.
    model = models.CharField(max_length=24)
    name = models.CharField(max_length=63)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=5)
    # `ml.schema.Schema` without examples, which are cells of somebody's data set.
    schema = models.JSONField()
    labels = models.JSONField()
    metrics = models.JSONField()
    seconds = models.FloatField()
    sha256 = models.CharField(max_length=64)
    # The twin has never seen a held-out row, so it is what others may start from and still be evaluated honestly.
    twin_sha256 = models.CharField(max_length=64)
    # When it gives no label, which is the publisher's affair.
    threshold = models.FloatField(null=True)
    scope_refused = models.FloatField(null=True)
    # Whose version it was: `<tenant>.<model>@<number>`, for operators.
    source = models.CharField(max_length=100)
    published_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "shared_model"
        constraints = [models.UniqueConstraint(fields=["name", "number"], name="shared_number_is_unique")]

    def __str__(self) -> str:
        return f"{self.full_name}@{self.number}"

    @property
    def full_name(self) -> str:
        return f"assort.{self.name}"
