"""Jobs that come together are handed in together."""

from django.db import migrations

DOORS = """
CREATE FUNCTION door.submit_jobs(job_ids text[], job_kind text, job_queue text, abouts text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO job (id, tenant, kind, queue, subject, state, attempt, outcome, created_at)
    SELECT job_id, door.tenant(), job_kind, job_queue, about, 'queued', 0, '', now()
    FROM unnest(job_ids, abouts) AS job (job_id, about);
    SELECT pg_notify('job', '');
$$;
REVOKE ALL ON FUNCTION door.submit_jobs FROM PUBLIC;
"""
NO_DOORS = "DROP FUNCTION door.submit_jobs"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0013_later")]

    operations = [migrations.RunSQL(DOORS, NO_DOORS)]
