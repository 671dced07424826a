from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from frontend.loaders import MemberRequest, load_member, outside, require
from frontend.outcomes import told
from tenants import accounts
from tenants.models import Membership
from tenants.permissions import Scope


@require_POST
@outside
@require(Scope.ADMIN)
@load_member
def member_remove(request: MemberRequest, member: Membership) -> HttpResponse:
    with told(request, f"{member.user} is no longer in {request.organisation.name}."):
        accounts.remove_member(membership=member, by=request.user.email)
    # Who has removed themselves has no page of this organisation to go back to.
    if member.user_id == request.user.pk and member.pk is None:
        return redirect("home")
    return redirect("team", request.organisation.slug)
