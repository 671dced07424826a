"""A part that was forked with its libraries loaded, from its first moment on; nursery.py has the other side.

What is imported here is what the parts share and what needs no settings, which are a part's own.
"""

import json
import os
import sys
import time
from importlib import import_module

from django.core.management import execute_from_command_line

SHARED = (
    *("django.db.models", "django.contrib.admin.options", "django.db.backends.postgresql.base"),
    *("psycopg", "redis", "msgspec", "psutil"),
)

for name in SHARED:
    import_module(name)


def main(secret: bytes) -> None:
    """Become the part: run its command, in its environment."""
    given = json.loads(secret)
    os.environ.clear()
    os.environ.update(given["environment"])
    time.tzset()
    sys.argv = given["command"]
    execute_from_command_line(sys.argv)
