from django.http import HttpResponse
from django.shortcuts import render

from frontend import monthly
from frontend.forms.caps import CapForm
from frontend.loaders import MemberRequest, outside, require
from frontend.presenters.plans import limits
from tenants.permissions import Scope, role_grants


@outside
@require(Scope.READ)
def plan(request: MemberRequest) -> HttpResponse:
    organisation = request.organisation
    month = monthly.load(organisation, monthly.this_month())
    page = {
        "month": month,
        "shares": monthly.shares(month, organisation.plan),
        "caps": monthly.caps(month, organisation),
        "limits": limits(organisation.plan),
        "may_change": role_grants(request.membership.role, Scope.ADMIN),
        "form": CapForm(initial={"rows_cap": organisation.rows_cap}),
    }
    return render(request, "frontend/plan.html", page)
