"""Jobs are found by index, however many there have come to be since a session first looked.

PostgreSQL 18 keeps the plan of a function: one that was made for an almost empty table reads all of a large one.
"""

from django.db import migrations, models
from django.db.models import Q

PLANNED = """
ALTER FUNCTION door.claim_job(text, interval) SET plan_cache_mode = force_custom_plan;
ALTER FUNCTION door.finish_job(text, integer, text) SET plan_cache_mode = force_custom_plan;
"""
KEPT = """
ALTER FUNCTION door.claim_job(text, interval) RESET plan_cache_mode;
ALTER FUNCTION door.finish_job(text, integer, text) RESET plan_cache_mode;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0015_jobs_at_once")]

    operations = [
        migrations.RunSQL(PLANNED, KEPT),
        migrations.AddIndex("job", models.Index(fields=["created_at"], condition=Q(state="queued"), name="job_queued")),
        migrations.AddIndex(
            "job",
            models.Index(fields=["tenant"], condition=Q(kind__in=["adopt", "settle"]), name="job_of_registrar"),
        ),
    ]
