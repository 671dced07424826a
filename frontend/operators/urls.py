"""The desk's address space. What is imported here is registered, and nothing else is."""

from frontend.operators import entries, fleet, jobs, organisations, plans, users
from frontend.operators.site import site

DESKS = (
    *(organisations.OrganisationDesk, plans.PlanDesk, jobs.JobDesk, users.UserDesk, entries.EntryDesk),
    *(fleet.WorkerDesk, fleet.QuarantineDesk),
)

urls = site.urls
