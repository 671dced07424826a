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
def member_role(request: MemberRequest, member: Membership) -> HttpResponse:
    role = request.POST.get(f"{member.pk}-role", "")
    with told(request, f"{member.user} is {role} now."):
        accounts.change_role(membership=member, role=role, by=request.user.email)
    return redirect("team", request.organisation.slug)
