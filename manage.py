#!/usr/bin/env python
"""Django's own commands, and Assort's. `./assort manage …` calls this with the right logins."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saas.settings")
    execute_from_command_line(sys.argv)
