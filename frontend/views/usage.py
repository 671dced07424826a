from datetime import timedelta

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from frontend import monthly
from frontend.loaders import MemberRequest, outside, require
from frontend.pagination import PAGE_SIZE
from frontend.presenters import workers
from frontend.presenters.activity import rows_per_day
from tenants import isolation
from tenants.permissions import Scope


@outside
@require(Scope.READ)
def usage(request: MemberRequest) -> HttpResponse:
    month = monthly.load(request.organisation, monthly.asked_for(request))
    today = timezone.now().date()
    with isolation.entered(request.organisation):
        working = workers.own()
    page = {
        "month": month,
        "earlier": month.first - timedelta(days=1),
        "later": month.after if month.after <= today else None,
        "activity": rows_per_day(month.lines, first=month.first, last=min(today, month.after - timedelta(days=1))),
        "shares": monthly.shares(month, request.organisation.plan),
        "workers": working,
        "lines": Paginator(month.lines, PAGE_SIZE).get_page(request.GET.get("page")),
    }
    return render(request, "frontend/usage.html", page)
