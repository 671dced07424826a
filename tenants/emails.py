"""One function a letter."""

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse

from tenants.models import Invitation


def send_invitation(invitation: Invitation, *, token: str) -> None:
    address = settings.ASSORT_PUBLIC_URL + reverse("invitation_accept", args=[token])
    send_mail(
        subject=f"{invitation.invited_by} invites you to {invitation.organisation.name} on Assort",
        message=(
            f"{invitation.invited_by} invites you to join {invitation.organisation.name} as {invitation.role}.\n\n"
            f"To accept, open this address within 7 days and sign in, or sign up, as {invitation.email}:\n\n"
            f"{address}\n\nIf you did not expect this letter, ignore it: nothing happens.\n"
        ),
        from_email=None,
        recipient_list=[invitation.email],
    )
