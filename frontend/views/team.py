from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from frontend.forms.team import InvitationForm, RoleForm
from frontend.loaders import MemberRequest, outside, require
from tenants.permissions import Scope, role_grants


@outside
@require(Scope.READ)
def team(request: MemberRequest) -> HttpResponse:
    return render(request, "frontend/team.html", {"form": InvitationForm(), **people(request)})


def people(request: MemberRequest) -> dict[str, Any]:
    """Return who is in the organisation, and whom an invitation still waits for."""
    members = request.organisation.memberships.select_related("user").order_by("created_at")
    waiting = request.organisation.invitations.filter(accepted_at=None)
    return {
        "members": [(member, RoleForm(initial={"role": member.role}, prefix=str(member.pk))) for member in members],
        "invitations": waiting.order_by("-created_at"),
        "may_change": role_grants(request.membership.role, Scope.ADMIN),
    }
