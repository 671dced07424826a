from django.db import models


class QuotaMark(models.Model):
    """That the admins were told, in this month, that so many per cent of a limit are used. Written through a door."""

    tenant = models.CharField(max_length=16)
    month = models.DateField()
    # What the letter is about: `plan`, `organisation` or the id of a key.
    about = models.CharField(max_length=24)
    percent = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "quota_mark"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "month", "about", "percent"], name="quota_mark_is_unique")
        ]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.about}, {self.tenant}"
