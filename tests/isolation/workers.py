"""A worker of another organisation, as the service runs it."""

import httpx2 as httpx

from tenants.models import FleetWorker, Organisation
from tests.classifier.processes import wait_until
from tests.service import Service


def worker_of(service: Service, organisation: Organisation, key: str) -> int:
    """Have the organisation's worker answer something, and return its process id."""
    headers, question = {"Authorization": f"Bearer {key}"}, {"inputs": ["the invoice"]}
    url = f"{service.url}/api/v1/models/assort.support/classify"
    assert httpx.post(url, headers=headers, json=question, timeout=30).status_code == 200
    found = FleetWorker.objects.filter(tenant=organisation.tenant)
    wait_until(found.exists, seconds=10)
    return found.values_list("pid", flat=True).get()
