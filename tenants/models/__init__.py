"""What is known across organisations: it lies in the schema `public`."""

from tenants.models.api_key import ApiKey
from tenants.models.appointment import Appointment
from tenants.models.encoder import Encoder
from tenants.models.fleet import FleetHost, FleetWorker, Quarantine, TenantLease
from tenants.models.heartbeat import Heartbeat
from tenants.models.invitation import Invitation
from tenants.models.job import Job
from tenants.models.letter import Letter
from tenants.models.membership import Membership
from tenants.models.operator_entry import OperatorEntry
from tenants.models.organisation import Organisation
from tenants.models.plan import Plan
from tenants.models.provisioning import Provisioning
from tenants.models.quota_mark import QuotaMark
from tenants.models.route import Route
from tenants.models.shared_model import SharedModel
from tenants.models.user import User

__all__ = [
    "ApiKey",
    "Appointment",
    "Encoder",
    "FleetHost",
    "FleetWorker",
    "Heartbeat",
    "Invitation",
    "Job",
    "Letter",
    "Membership",
    "OperatorEntry",
    "Organisation",
    "Plan",
    "Provisioning",
    "Quarantine",
    "QuotaMark",
    "Route",
    "SharedModel",
    "TenantLease",
    "User",
]
