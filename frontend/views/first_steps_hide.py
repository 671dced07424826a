from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from frontend.loaders import MemberRequest, outside, require
from tenants import accounts
from tenants.permissions import Scope


@require_POST
@outside
@require(Scope.READ)
def first_steps_hide(request: MemberRequest) -> HttpResponse:
    accounts.hide_first_steps(membership=request.membership)
    return redirect("organisation_home", request.organisation.slug)
