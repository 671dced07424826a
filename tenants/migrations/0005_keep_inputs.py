from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_shared_models")]

    operations = [
        migrations.AddField("organisation", "keep_inputs", models.BooleanField(default=False)),
    ]
