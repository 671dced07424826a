from django.db import models

from tenants import ids


def new_id() -> str:
    return ids.new("ds")


class Dataset(models.Model):
    """Labelled rows that never change: adding some makes a new data set whose `parent` is this one."""

    class Status(models.TextChoices):
        VALIDATING = "validating"
        READY = "ready"
        REJECTED = "rejected"

    id = models.CharField(primary_key=True, max_length=24, default=new_id, editable=False)
    name = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=Status, default=Status.VALIDATING)
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="children")
    # What the uploader said about the columns; the validation decides where these are empty.
    label = models.CharField(max_length=200, blank=True)
    text = models.CharField(max_length=200, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    # Known once it is ready: `ml.schema.Schema`, counts by label, `ml.report.report`.
    schema = models.JSONField(null=True)
    rows = models.PositiveIntegerField(default=0)
    labels = models.JSONField(default=dict)
    report = models.JSONField(null=True)
    # Known once it is rejected: a list of {row, code, detail}.
    problems = models.JSONField(default=list)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-created_at"], name="dataset_newest")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(status="ready") | models.Q(schema__isnull=False),
                name="dataset_ready_has_schema",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"

    @property
    def is_ready(self) -> bool:
        return self.status == self.Status.READY


class Row(models.Model):
    """One labelled row, with the side of the split that its content decides."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="data")
    number = models.PositiveIntegerField()
    label = models.CharField(max_length=500)
    inputs = models.JSONField()
    held_out = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="row_number_is_unique")]
        indexes = [models.Index(fields=["dataset", "label", "number"], name="row_by_label")]

    def __str__(self) -> str:
        return f"{self.dataset_id} row {self.number}"
