from django.db import migrations, models

# `adopt` is the registrar's request to an organisation's worker, `settle` the worker's answer to the registrar.
KINDS = """
ALTER TABLE public.job DROP CONSTRAINT job_kind_has_its_queue;
ALTER TABLE public.job ADD CONSTRAINT job_kind_has_its_queue CHECK (
    (kind, queue) IN (
        ('classify', 'infer'), ('validate', 'batch'), ('tidy', 'batch'), ('follow', 'batch'), ('adopt', 'batch'),
        ('train', 'train'), ('register', 'record'), ('unregister', 'record'), ('settle', 'record')
    )
);
"""
DOOR = """
CREATE FUNCTION door.settle_request(job_id text, about text, said text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO job (id, tenant, kind, queue, subject, note, state, attempt, outcome, created_at)
    VALUES (job_id, door.tenant(), 'settle', 'record', about, said, 'queued', 0, '', now());
    SELECT pg_notify('job', '');
$$;
REVOKE ALL ON FUNCTION door.settle_request FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0010_caps_and_marks")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=1000),
        ),
        migrations.RunSQL(KINDS, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(DOOR, reverse_sql="DROP FUNCTION door.settle_request"),
    ]
