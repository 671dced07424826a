from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from frontend.forms.team import InvitationForm
from frontend.loaders import MemberRequest, outside, require
from frontend.outcomes import add_errors
from frontend.views.team import people
from tenants import accounts
from tenants.errors import TenantError
from tenants.permissions import Scope


@require_POST
@outside
@require(Scope.ADMIN)
def member_invite(request: MemberRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if form.is_valid():
        try:
            invitation = accounts.invite(organisation=request.organisation, by=request.user, **form.cleaned_data)
        except TenantError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"A letter with a link is on its way to {invitation.email}.")
            return redirect("team", request.organisation.slug)
    return render(request, "frontend/team.html", {"form": form, **people(request)})
