from django.db import migrations, models

import tenants.models.shared_model

# What every organisation may know of the shared models; who published them, and from what, is the operator's.
DOOR = """
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
    dependencies = [("tenants", "0003_plans")]

    operations = [
        migrations.CreateModel(
            name="SharedModel",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=tenants.models.shared_model.new_id,
                        editable=False,
                        max_length=24,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("model", models.CharField(max_length=24)),
                ("name", models.CharField(max_length=63)),
                ("number", models.PositiveIntegerField()),
                ("kind", models.CharField(max_length=5)),
                ("schema", models.JSONField()),
                ("labels", models.JSONField()),
                ("metrics", models.JSONField()),
                ("seconds", models.FloatField()),
                ("sha256", models.CharField(max_length=64)),
                ("twin_sha256", models.CharField(max_length=64)),
                ("source", models.CharField(max_length=100)),
                ("published_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "shared_model",
                "constraints": [models.UniqueConstraint(fields=("name", "number"), name="shared_number_is_unique")],
            },
        ),
        migrations.RunSQL(DOOR, reverse_sql="DROP FUNCTION door.shared_models()"),
    ]
