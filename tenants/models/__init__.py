"""What is known across organisations: it lies in the schema `public`."""

from tenants.models.api_key import ApiKey
from tenants.models.invitation import Invitation
from tenants.models.job import Job
from tenants.models.membership import Membership
from tenants.models.organisation import Organisation
from tenants.models.plan import Plan
from tenants.models.provisioning import Provisioning
from tenants.models.route import Route
from tenants.models.user import User

__all__ = [
    "ApiKey",
    "Invitation",
    "Job",
    "Membership",
    "Organisation",
    "Plan",
    "Provisioning",
    "Route",
    "User",
]
