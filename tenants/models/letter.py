from django.db import models


class Letter(models.Model):
    """What the admins of an organisation are to hear. It holds no address: the postman knows who they are.

    Written through `door.write_letter`, whose caller may have been taken over: kind and wording are bounded here.
    """

    class Kind(models.TextChoices):
        TRAINING_FAILED = "training_failed"
        VERSION_WAITS = "version_waits"
        ROWS_WAIT = "rows_wait"
        # Of the rows of a month: half, most or all are used.
        HALF_USED = "half_used"
        MOST_USED = "most_used"
        ALL_USED = "all_used"

    tenant = models.CharField(max_length=16)
    kind = models.CharField(max_length=16, choices=Kind)
    # The model's name; for rows the limit: `plan`, `organisation` for its own cap, or the id of a key.
    about = models.CharField(max_length=80)
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField()
    # When it is tried next, how often it was, and which memberships have it already.
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField()
    reached = models.JSONField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "letter"
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(sent_at=None), name="letter_waiting"),
            models.Index(fields=["tenant", "-created_at"], name="letter_tenant"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=[
                        *("training_failed", "version_waits", "rows_wait"),
                        *("half_used", "most_used", "all_used"),
                    ]
                ),
                name="letter_kind_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(about__regex=r"^[a-z0-9][a-z0-9_-]*$"), name="letter_is_about_a_model"
            ),
            models.CheckConstraint(condition=~models.Q(reason__regex="[[:cntrl:]]"), name="letter_is_one_line"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.tenant}.{self.about}"
