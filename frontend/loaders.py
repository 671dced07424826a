"""Who may see a page and what it is about: decorators that check, load, and hand over.

The middleware has found the member before any of these runs. What is not there, and what is somebody else's, is the
same: a page that says "not found".
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django_htmx.middleware import HtmxDetails

from classifier import datasets, inference, registry, training
from tenants import keys
from tenants.errors import NotFound
from tenants.models import Membership, Organisation, User
from tenants.permissions import Role, Scope, role_grants

View = Callable[..., HttpResponseBase]
Loaded = TypeVar("Loaded")


class AccountRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User
    htmx: HtmxDetails


class MemberRequest(AccountRequest):
    """A request of a member, for a page of their organisation."""

    membership: Membership
    organisation: Organisation


def require(scope: Scope) -> Callable[[View], View]:
    """Let members in whose role grants `scope`. The view is called without the organisation's slug."""

    def decorate(view: View) -> View:
        @wraps(view)
        def permitted(request: MemberRequest, slug: str, **kwargs: Any) -> HttpResponseBase:
            if not role_grants(request.membership.role, scope):
                raise PermissionDenied(_who_may(scope, request.membership))
            return view(request, **kwargs)

        return permitted

    return decorate


def outside(view: View) -> View:
    """Run the view outside the organisation: it is about people or keys, which lie in `public`."""
    view.outside = True  # type: ignore[attr-defined]  # read by tenants.middleware
    return view


def load_dataset(view: View) -> View:
    return _loading(view, "dataset", datasets.get)


def load_training(view: View) -> View:
    return _loading(view, "job", training.get)


def load_model(view: View) -> View:
    return _loading(view, "model", registry.get)


def load_classification(view: View) -> View:
    return _loading(view, "classification", inference.get)


def load_version(view: View) -> View:
    """Load the version `number` of the model; stands below `load_model`."""

    @wraps(view)
    def loaded(request: MemberRequest, number: int, **kwargs: Any) -> HttpResponseBase:
        version = found(lambda: registry.get_version(kwargs["model"], number))
        return view(request, version=version, **kwargs)

    return loaded


def load_key(view: View) -> View:
    @wraps(view)
    def loaded(request: MemberRequest, key_id: str, **kwargs: Any) -> HttpResponseBase:
        key = found(lambda: keys.get(organisation=request.organisation, key_id=key_id))
        return view(request, key=key, **kwargs)

    return loaded


def load_member(view: View) -> View:
    @wraps(view)
    def loaded(request: MemberRequest, member: int, **kwargs: Any) -> HttpResponseBase:
        membership = request.organisation.memberships.select_related("user").filter(pk=member).first()
        if membership is None:
            raise Http404
        return view(request, member=membership, **kwargs)

    return loaded


def load_invitation(view: View) -> View:
    """Load one that nobody has accepted, also when its time is over."""

    @wraps(view)
    def loaded(request: MemberRequest, invitation: int, **kwargs: Any) -> HttpResponseBase:
        waiting = request.organisation.invitations.filter(pk=invitation, accepted_at=None).first()
        if waiting is None:
            raise Http404
        return view(request, invitation=waiting, **kwargs)

    return loaded


def found(get: Callable[[], Loaded]) -> Loaded:
    """Return what `get` does, and turn the domain's NotFound into the page for it."""
    try:
        return get()
    except NotFound:
        raise Http404 from None


def _loading(view: View, name: str, get: Callable[[str], Any]) -> View:
    @wraps(view)
    def loaded(request: MemberRequest, **kwargs: Any) -> HttpResponseBase:
        kwargs[name] = found(lambda: get(kwargs[name]))
        return view(request, **kwargs)

    return loaded


def _who_may(scope: Scope, membership: Membership) -> str:
    roles = [str(role) for role in Role.values if role_grants(role, scope)]
    listed = f"{', '.join(roles[:-1])} or {roles[-1]}"
    return (
        f"This needs the role {listed}; yours in {membership.organisation.name} is {membership.role}. "
        "Ask an owner or admin to change your role."
    )
