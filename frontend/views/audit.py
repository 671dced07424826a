from django.http import HttpResponse
from django.shortcuts import render

from frontend.loaders import MemberRequest, require
from frontend.pagination import paged
from tenants.permissions import Scope
from tenants.records.models import AuditEvent


@require(Scope.ADMIN)
def audit(request: MemberRequest) -> HttpResponse:
    events = paged(request, AuditEvent.objects.all(), "-at", "-id")
    return render(request, "frontend/audit.html", {"events": events})
