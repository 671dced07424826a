from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0018_silence"),
    ]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="training_bytes",
            field=models.PositiveBigIntegerField(default=4294967296),
        ),
    ]
