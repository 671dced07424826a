from django.db import migrations, models

DOOR = """
DROP FUNCTION door.shared_models();
CREATE FUNCTION door.shared_models() RETURNS TABLE (
    id text, model text, name text, number integer, kind text, schema jsonb, labels jsonb, metrics jsonb,
    seconds double precision, sha256 text, twin_sha256 text, threshold double precision,
    scope_refused double precision, created_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.id, s.model, s.name, s.number, s.kind, s.schema, s.labels, s.metrics, s.seconds,
           s.sha256, s.twin_sha256, s.threshold, s.scope_refused, s.created_at
    FROM shared_model s WHERE s.withdrawn_at IS NULL ORDER BY s.name, s.number DESC
$$;
REVOKE ALL ON FUNCTION door.shared_models() FROM PUBLIC;
"""
DOOR_BEFORE = """
DROP FUNCTION door.shared_models();
CREATE FUNCTION door.shared_models() RETURNS TABLE (
    id text, model text, name text, number integer, kind text, schema jsonb, labels jsonb, metrics jsonb,
    seconds double precision, sha256 text, twin_sha256 text, created_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.id, s.model, s.name, s.number, s.kind, s.schema, s.labels, s.metrics, s.seconds,
           s.sha256, s.twin_sha256, s.created_at
    FROM shared_model s WHERE s.withdrawn_at IS NULL ORDER BY s.name, s.number DESC
$$;
REVOKE ALL ON FUNCTION door.shared_models() FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0017_encoders")]

    operations = [
        migrations.AddField(
            model_name="sharedmodel",
            name="threshold",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="sharedmodel",
            name="scope_refused",
            field=models.FloatField(null=True),
        ),
        migrations.RunSQL(DOOR, reverse_sql=DOOR_BEFORE),
    ]
