from typing import Any, cast

from allauth.account.views import SignupView
from django.http import HttpResponse

from frontend import invitations
from frontend.forms.accounts import SignUpForm
from frontend.outcomes import add_errors
from tenants.errors import NotFound, TenantError

NOT_INVITED = "This invitation was sent to another address, was used, or is too old. Ask for a new one."


class SignUp(SignupView):
    """Makes an account and its organisation in one go, or lets somebody with an invitation join theirs."""

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "invitation": invitations.kept(self.request)}

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        try:
            response: HttpResponse = super().form_valid(form)
        except NotFound:
            form.add_error(None, NOT_INVITED)
            response = self.form_invalid(form)
        except TenantError as error:
            add_errors(form, error, {"name": "organisation"})
            return cast("HttpResponse", self.form_invalid(form))
        # Used or useless: the next form asks for an organisation.
        invitations.forget(self.request)
        return response


sign_up = SignUp.as_view()
