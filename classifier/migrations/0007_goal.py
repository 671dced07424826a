from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0006_silence"),
    ]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="goal",
            field=models.FloatField(null=True),
        ),
    ]
