from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from frontend.loaders import MemberRequest, found, outside, require
from frontend.outcomes import told
from tenants import keys
from tenants.permissions import Scope


@require_POST
@outside
@require(Scope.ADMIN)
def key_revoke(request: MemberRequest, key_id: str) -> HttpResponse:
    with told(request, "The key is revoked: whoever uses it is refused from now on."):
        found(lambda: keys.revoke(organisation=request.organisation, key_id=key_id, by=request.user.email))
    return redirect("key_list", request.organisation.slug)
