from datetime import timedelta

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from frontend import monthly
from frontend.loaders import MemberRequest, outside, require
from frontend.pagination import PAGE_SIZE
from frontend.presenters.plans import limits
from tenants.permissions import Scope


@outside
@require(Scope.READ)
def usage(request: MemberRequest) -> HttpResponse:
    month = monthly.load(request.organisation, monthly.asked_for(request))
    later = (month.first + timedelta(days=31)).replace(day=1)
    page = {
        "month": month,
        "earlier": month.first - timedelta(days=1),
        "later": later if later <= timezone.now().date() else None,
        "shares": monthly.shares(month, request.organisation.plan),
        "limits": limits(request.organisation.plan),
        "lines": Paginator(month.lines, PAGE_SIZE).get_page(request.GET.get("page")),
    }
    return render(request, "frontend/usage.html", page)
