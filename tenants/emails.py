"""One function a letter."""

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse

from tenants.models import Invitation, Letter

# Of each kind of letter its subject, and what it says before the reason.
ABOUT_MODELS: dict[str, tuple[str, str]] = {
    Letter.Kind.TRAINING_FAILED: (
        "A training of {model} failed",
        "A training of the model {model} failed. The version that served before still answers.",
    ),
    Letter.Kind.VERSION_WAITS: (
        "A new version of {model} waits for you",
        "A new version of the model {model} was trained and does not answer yet:",
    ),
    Letter.Kind.ROWS_WAIT: (
        "There are new rows for {model}",
        "The model {model} follows a data set that has grown:",
    ),
}


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


def send_about_model(kind: str, address: str, *, slug: str, model: str, reason: str) -> None:
    """Tell somebody what `letters.write` was told about a model, with the way to its page."""
    subject, text = ABOUT_MODELS[kind]
    page = settings.ASSORT_PUBLIC_URL + reverse("model_detail", args=[slug, model])
    send_mail(
        subject=subject.format(model=model),
        message=(
            f"{text.format(model=model)}\n\n{reason}\n\nThe model's page says more:\n\n{page}\n\n"
            "You get this letter because you are an owner or an admin of the organisation.\n"
        ),
        from_email=None,
        recipient_list=[address],
    )
