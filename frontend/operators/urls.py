"""The desk's address space. What is imported here is registered, and nothing else is."""

from frontend.operators import entries, jobs, organisations, plans, users
from frontend.operators.site import site

DESKS = (organisations.OrganisationDesk, plans.PlanDesk, jobs.JobDesk, users.UserDesk, entries.EntryDesk)

urls = site.urls
