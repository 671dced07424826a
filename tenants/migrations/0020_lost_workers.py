"""Each job names the worker that has it in hand, so that the fleet can give back what a dead one had."""

from django.db import migrations, models

CLAIM_JOB = """
CREATE OR REPLACE FUNCTION door.claim_job(job_id text, lease interval) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    UPDATE job SET state = 'running', attempt = attempt + 1, lease_until = clock_timestamp() + lease{named}
    WHERE id = job_id AND tenant = door.tenant() AND NOT door.is_replaced()
      AND (state IN ('queued', 'sent') OR (state = 'running' AND lease_until < clock_timestamp()))
    RETURNING attempt;
$$;
"""
CLAIM_JOBS = """
CREATE OR REPLACE FUNCTION door.claim_jobs(job_ids text[], lease interval) RETURNS TABLE (job_id text, held integer)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    WITH free AS MATERIALIZED (
        SELECT id FROM job
        WHERE id = ANY (job_ids) AND tenant || '' = (SELECT door.tenant()) AND NOT (SELECT door.is_replaced())
          AND (state IN ('queued', 'sent') OR (state = 'running' AND lease_until < clock_timestamp()))
        ORDER BY id FOR UPDATE
    )
    UPDATE job SET state = 'running', attempt = attempt + 1, lease_until = clock_timestamp() + lease{named}
    FROM free WHERE job.id = free.id
    RETURNING job.id, job.attempt;
$$;
"""
DOORS = CLAIM_JOB + CLAIM_JOBS
# The name stands in the worker's session, as the token of its lease does. It says nothing of another organisation's.
NAMED = ", worker = left(coalesce(current_setting('assort.worker', true), ''), 16)"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0019_training_memory")]

    operations = [
        migrations.AddField("job", "worker", models.CharField(blank=True, db_default="", default="", max_length=16)),
        migrations.RunSQL(DOORS.format(named=NAMED), DOORS.format(named="")),
    ]
