"""The fleet gives back the jobs of dead workers by a function, so that it may change nothing of a job by itself."""

from django.db import migrations

# Not in the schema `door`, whose functions every organisation may call.
GIVE_BACK = """
CREATE FUNCTION public.give_back_jobs(of_workers text[], of_tenants text[]) RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH lost AS (
        SELECT id FROM job
        WHERE state = 'running' AND (worker = ANY (of_workers) OR tenant = ANY (of_tenants))
        FOR UPDATE SKIP LOCKED
    ), given AS (
        UPDATE job SET state = 'queued', lease_until = NULL FROM lost WHERE job.id = lost.id
        RETURNING job.id, pg_notify('job', '')
    ) SELECT id FROM given;
$$;
REVOKE ALL ON FUNCTION public.give_back_jobs(text[], text[]) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0021_users")]

    operations = [migrations.RunSQL(GIVE_BACK, "DROP FUNCTION public.give_back_jobs(text[], text[])")]
