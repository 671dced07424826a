from django.db import migrations, models

import tenants.models.encoder

# What every organisation may know of the sentence encoders; who added them is the operator's.
DOOR = """
CREATE FUNCTION door.encoders() RETURNS TABLE (
    id text, name text, sha256 text, weights_sha256 text, licence text, width integer, tokens integer,
    is_default boolean, created_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.id, e.name, e.sha256, e.weights_sha256, e.licence, e.width, e.tokens, e.is_default, e.created_at
    FROM encoder e WHERE e.withdrawn_at IS NULL ORDER BY e.name
$$;
REVOKE ALL ON FUNCTION door.encoders() FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0016_job_plans")]

    operations = [
        migrations.CreateModel(
            name="Encoder",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=tenants.models.encoder.new_id,
                        editable=False,
                        max_length=24,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=63)),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("weights_sha256", models.CharField(max_length=64)),
                ("licence", models.CharField(max_length=100)),
                ("width", models.PositiveIntegerField()),
                ("tokens", models.PositiveIntegerField()),
                ("is_default", models.BooleanField(default=False)),
                ("added_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "encoder",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)), fields=("name",), name="encoder_name_is_unique"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("is_default",),
                        name="one_encoder_is_the_default",
                    ),
                ],
            },
        ),
        migrations.RunSQL(DOOR, reverse_sql="DROP FUNCTION door.encoders()"),
    ]
