from pathlib import Path

from django.db import migrations

DOORS = Path(__file__).parent.parent / "doors.sql"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [migrations.RunSQL(DOORS.read_text(), reverse_sql="DROP SCHEMA door CASCADE")]
