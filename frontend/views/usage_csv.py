import io

from django.http import HttpResponse

from frontend import monthly
from frontend.loaders import MemberRequest, outside, require
from tenants.permissions import Scope


@outside
@require(Scope.READ)
def usage_csv(request: MemberRequest) -> HttpResponse:
    month = monthly.load(request.organisation, monthly.asked_for(request))
    file = io.StringIO(newline="")
    monthly.write(month.lines, file)
    name = f"usage-{request.organisation.slug}-{month.first:%Y-%m}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(file.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)
