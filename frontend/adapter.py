from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailConfirmation
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from frontend import invitations
from tenants import accounts


class AccountAdapter(DefaultAccountAdapter):
    """Asks who may sign up, and writes the public address into letters.

    The host of a request may be an inner one, or somebody's invention.
    """

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return accounts.may_sign_up(invitation=invitations.kept(request))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: EmailConfirmation) -> str:
        return _public("account_confirm_email", emailconfirmation.key)

    def get_reset_password_from_key_url(self, key: str) -> str:
        # The key is `<user>-<token>`, and the address has the two apart.
        return _public("account_reset_password_from_key", *key.split("-", 1))


def _public(view: str, *parts: str) -> str:
    return f"{settings.ASSORT_PUBLIC_URL}{reverse(view, args=parts)}"
