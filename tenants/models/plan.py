from django.db import models

MEGABYTE = 1024 * 1024


class Plan(models.Model):
    """Every limit of an organisation. Nothing else in the project holds one; null means without limit."""

    name = models.SlugField(primary_key=True)
    # Of each key, and of all keys of an organisation together.
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    organisation_requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    rows_per_month = models.PositiveBigIntegerField(null=True, blank=True)
    dataset_bytes = models.PositiveBigIntegerField(default=200 * MEGABYTE)
    dataset_rows = models.PositiveIntegerField(default=1_000_000)
    dataset_count = models.PositiveIntegerField(null=True, blank=True)
    model_count = models.PositiveIntegerField(null=True, blank=True)
    training_seconds = models.PositiveIntegerField(default=3600)
    # Private memory of a worker that trains.
    training_bytes = models.PositiveBigIntegerField(default=4 * 1024 * MEGABYTE)
    # Processes for jobs, and workers that answer, where a host has room for more than one.
    workers = models.PositiveSmallIntegerField(default=2)
    infer_workers = models.PositiveSmallIntegerField(default=2)

    class Meta:
        db_table = "plan"

    def __str__(self) -> str:
        return self.name

    def limits(self) -> dict[str, int | None]:
        names = [field.name for field in self._meta.fields if not field.primary_key]
        return {name: getattr(self, name) for name in names}
