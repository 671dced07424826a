from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0022_jobs_of_the_dead"),
    ]

    operations = [
        migrations.AlterField(
            model_name="fleethost",
            name="dedicated_to",
            field=models.TextField(blank=True),
        ),
    ]
