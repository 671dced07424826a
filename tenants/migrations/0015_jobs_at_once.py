"""Jobs that are done together are claimed and finished together."""

from django.db import migrations

DOORS = """
-- By `|| ''` the index of an organisation's jobs is left alone: these are found by their ids, which are few. Who asks is
-- found out once, not for each row.
-- Rows are locked in the order of their ids, so that two that want the same ones wait for each other only one way.
CREATE FUNCTION door.claim_jobs(job_ids text[], lease interval) RETURNS TABLE (job_id text, held integer)
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

-- Returns those that it finished: what another attempt has taken over, or somebody has ended, is not among them.
CREATE FUNCTION door.finish_jobs(job_ids text[], attempts integer[], hows text[]) RETURNS SETOF text
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
REVOKE ALL ON FUNCTION door.claim_jobs, door.finish_jobs FROM PUBLIC;
"""
NO_DOORS = "DROP FUNCTION door.claim_jobs, door.finish_jobs"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0014_many_jobs")]

    operations = [migrations.RunSQL(DOORS, NO_DOORS)]
