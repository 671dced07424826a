from django.db import migrations

PLANS = {
    "standard": {"requests_per_minute": 1_200, "rows_per_month": 1_000_000, "dataset_count": 100, "model_count": 20},
    "unmetered": {"workers": 4},
}


def make_plans(apps, schema_editor):
    plan = apps.get_model("tenants", "Plan")
    for name, limits in PLANS.items():
        plan.objects.create(name=name, **limits)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_doors")]

    operations = [migrations.RunPython(make_plans, migrations.RunPython.noop)]
