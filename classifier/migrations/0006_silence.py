from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0005_answer_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="threshold",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="scope_refused",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="scope_rows",
            field=models.PositiveIntegerField(null=True),
        ),
    ]
