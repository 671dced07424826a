from django.db import models


class Job(models.Model):
    """One piece of work of one organisation: outbox, lease and the operators' list in one row.

    Nobody but relay and registrar write it directly. Organisations reach it through the functions in
    the schema `door`, which take the tenant from the role of the session (migration 0002).
    """

    class State(models.TextChoices):
        QUEUED = "queued"  # Committed; the relay has not published it yet.
        SENT = "sent"  # A message lies in the broker, or did.
        RUNNING = "running"  # A worker holds the lease.
        DONE = "done"  # The outcome stands in the organisation's own row.

    id = models.CharField(primary_key=True, max_length=24)
    tenant = models.CharField(max_length=16)
    kind = models.CharField(max_length=16)
    # `infer`, `train` or `batch`: whose worker does it. `record` is the registrar's.
    queue = models.CharField(max_length=6)
    # What it is about, for the registrar and the operators' list: `support@3`.
    subject = models.CharField(max_length=100, blank=True)
    # What a worker answers to a request of the registrar, as JSON.
    note = models.CharField(max_length=1000, blank=True, default="", db_default="")
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    # Who has it in hand, or had it last.
    worker = models.CharField(max_length=16, blank=True, default="", db_default="")
    outcome = models.CharField(max_length=9, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "job"
        indexes = [
            models.Index(fields=["created_at"], condition=~models.Q(state="done"), name="job_open"),
            models.Index(fields=["created_at"], condition=models.Q(state="queued"), name="job_queued"),
            # Those of the registrar, which looks twice a second, are few among many.
            models.Index(fields=["tenant"], condition=models.Q(kind__in=["adopt", "settle"]), name="job_of_registrar"),
            models.Index(fields=["tenant", "-created_at"], name="job_tenant"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="done", finished_at__isnull=False)
                | (~models.Q(state="done") & models.Q(finished_at__isnull=True)),
                name="job_finished_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="running") | models.Q(lease_until__isnull=False),
                name="job_running_has_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
