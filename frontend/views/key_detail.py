from django.http import HttpResponse
from django.shortcuts import render

from frontend import monthly
from frontend.forms.caps import CapForm
from frontend.loaders import MemberRequest, load_key, outside, require
from tenants.models import ApiKey
from tenants.permissions import Scope


@outside
@require(Scope.ADMIN)
@load_key
def key_detail(request: MemberRequest, key: ApiKey) -> HttpResponse:
    month = monthly.load(request.organisation, monthly.this_month())
    page = {
        "key": key,
        "shares": [monthly.Share("Rows classified this month", month.rows_of(key.id), key.rows_cap)],
        "form": CapForm(initial={"rows_cap": key.rows_cap}),
    }
    return render(request, "frontend/key_detail.html", page)
