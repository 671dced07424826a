from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from frontend.loaders import MemberRequest, outside, require
from frontend.outcomes import told
from tenants import accounts
from tenants.permissions import Scope


@require_POST
@outside
@require(Scope.READ)
def member_leave(request: MemberRequest) -> HttpResponse:
    """Everybody may go, but the last owner."""
    with told(request, f"You have left {request.organisation.name}."):
        accounts.remove_member(membership=request.membership, by=request.user.email)
    if request.membership.pk is None:
        return redirect("home")
    return redirect("team", request.organisation.slug)
