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


def send_training_failed(address: str, *, slug: str, model: str, reason: str) -> None:
    _send_about_model(
        address,
        subject=f"A training of {model} failed",
        text=f"A training of the model {model} failed:\n\n{reason}\n\nThe version that served before still answers.",
        slug=slug,
        model=model,
    )


def send_version_waits(address: str, *, slug: str, model: str, reason: str) -> None:
    _send_about_model(
        address,
        subject=f"A new version of {model} waits for you",
        text=f"A new version of the model {model} was trained and does not answer yet:\n\n{reason}",
        slug=slug,
        model=model,
    )


def send_rows_wait(address: str, *, slug: str, model: str, reason: str) -> None:
    _send_about_model(
        address,
        subject=f"There are new rows for {model}",
        text=f"The model {model} follows a data set that has grown:\n\n{reason}",
        slug=slug,
        model=model,
    )


def _send_about_model(address: str, *, subject: str, text: str, slug: str, model: str) -> None:
    page = settings.ASSORT_PUBLIC_URL + reverse("model_detail", args=[slug, model])
    why = "You get this letter because you are an owner or an admin of the organisation."
    send_mail(
        subject=subject,
        message=f"{text}\n\nThe model's page says more:\n\n{page}\n\n{why}\n",
        from_email=None,
        recipient_list=[address],
    )
