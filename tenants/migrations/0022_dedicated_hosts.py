from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0021_users"),
    ]

    operations = [
        migrations.AlterField(
            model_name="fleethost",
            name="dedicated_to",
            field=models.TextField(blank=True),
        ),
    ]
