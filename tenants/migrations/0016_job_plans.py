"""Jobs are found by index, however many there have come to be since a session first looked.

PostgreSQL 18 keeps the plan of a function: one that was made for an almost empty table reads all of a large one. Who
asks is found out once, not for each row.
"""

from django.db import migrations, models
from django.db.models import Q

DOORS = """
-- By `|| ''` the index of an organisation's jobs is left alone: these are found by their ids, which are few.
CREATE OR REPLACE FUNCTION door.claim_jobs(job_ids text[], lease interval) RETURNS TABLE (job_id text, held integer)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    WITH free AS MATERIALIZED (
        SELECT id FROM job
        WHERE id = ANY (job_ids) AND tenant || '' = (SELECT door.tenant()) AND NOT (SELECT door.is_replaced())
          AND (state IN ('queued', 'sent') OR (state = 'running' AND lease_until < clock_timestamp()))
        ORDER BY id FOR UPDATE
    )
    UPDATE job SET state = 'running', attempt = attempt + 1, lease_until = clock_timestamp() + lease
    FROM free WHERE job.id = free.id
    RETURNING job.id, job.attempt;
$$;

CREATE OR REPLACE FUNCTION door.finish_jobs(job_ids text[], attempts integer[], hows text[]) RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    WITH mine AS MATERIALIZED (
        SELECT job.id, given.how
        FROM job JOIN unnest(job_ids, attempts, hows) AS given (id, held, how) ON given.id = job.id
        WHERE job.tenant || '' = (SELECT door.tenant()) AND job.state = 'running' AND job.attempt = given.held
        ORDER BY job.id FOR UPDATE OF job
    )
    UPDATE job SET state = 'done', outcome = mine.how, finished_at = clock_timestamp(), lease_until = NULL
    FROM mine WHERE job.id = mine.id
    RETURNING job.id;
$$;

ALTER FUNCTION door.claim_job(text, interval) SET plan_cache_mode = force_custom_plan;
ALTER FUNCTION door.finish_job(text, integer, text) SET plan_cache_mode = force_custom_plan;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0015_jobs_at_once")]

    operations = [
        # What was before asks the same; there is nothing to take back.
        migrations.RunSQL(DOORS, migrations.RunSQL.noop),
        migrations.AddIndex("job", models.Index(fields=["created_at"], condition=Q(state="queued"), name="job_queued")),
        migrations.AddIndex(
            "job",
            models.Index(fields=["tenant"], condition=Q(kind__in=["adopt", "settle"]), name="job_of_registrar"),
        ),
    ]
