import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0004_adoption"),
    ]

    operations = [
        migrations.AlterField(
            model_name="answer",
            name="classification",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="answers",
                to="classifier.classification",
            ),
        ),
        migrations.AddIndex(
            model_name="answer",
            index=models.Index(fields=["classification"], name="answer_by_classification"),
        ),
    ]
