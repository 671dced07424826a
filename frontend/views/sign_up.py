from typing import Any

from allauth.account.views import SignupView
from django.http import HttpResponse

from frontend import invitations
from frontend.forms import SignUpForm
from frontend.outcomes import add_errors
from tenants.errors import NotFound, TenantError


class SignUp(SignupView):  # type: ignore[misc]  # allauth has no types here
    """Makes an account and its organisation in one go, or lets somebody with an invitation join theirs."""

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "invitation": invitations.kept(self.request)}

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        try:
            response: HttpResponse = super().form_valid(form)
        except NotFound:
            invitations.forget(self.request)
            form.add_error(None, "This invitation was sent to another address, was used, or is too old. Ask for a new one.")
            return self.form_invalid(form)
        except TenantError as error:
            add_errors(form, error, {"name": "organisation"})
            return self.form_invalid(form)
        invitations.forget(self.request)
        return response


sign_up = SignUp.as_view()
