from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0020_lost_workers"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="uid",
            field=models.PositiveIntegerField(editable=False, null=True, unique=True),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(uid__gt=1900000000, uid__lte=2100000000), name="organisation_uid_is_nobodys"
            ),
        ),
        # A sequence never gives a number twice, also not where what asked for it failed.
        migrations.RunSQL(
            "CREATE SEQUENCE organisation_uid AS integer MINVALUE 1900000001 MAXVALUE 2100000000",
            "DROP SEQUENCE organisation_uid",
        ),
    ]
