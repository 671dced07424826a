"""`./assort smoke`: does what a customer does on a running service, wherever that is, and leaves nothing behind.

It knows the service by its address and its contract alone: no setting, no database and no other module of the project.
"""

from saas.smoke.course import run
from saas.smoke.failures import Failed
from saas.smoke.report import Report

__all__ = ["Failed", "Report", "run"]
