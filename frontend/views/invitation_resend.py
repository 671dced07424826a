from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from frontend.loaders import MemberRequest, load_invitation, outside, require
from frontend.outcomes import told
from tenants import accounts
from tenants.models import Invitation
from tenants.permissions import Scope


@require_POST
@outside
@require(Scope.ADMIN)
@load_invitation
def invitation_resend(request: MemberRequest, invitation: Invitation) -> HttpResponse:
    with told(request, f"A new letter is on its way to {invitation.email}. The link of the earlier one is void."):
        accounts.send_again(invitation=invitation, by=request.user)
    return redirect("team", request.organisation.slug)
