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

# Of each kind of letter about a limit of the month's rows its subject, and what it says before the reason.
ABOUT_ROWS: dict[str, tuple[str, str]] = {
    Letter.Kind.HALF_USED: ("Half used: {limit} of this month", "When none are left, {refused}"),
    Letter.Kind.MOST_USED: ("80 % used: {limit} of this month", "When none are left, {refused}"),
    Letter.Kind.ALL_USED: ("Used up: {limit} of this month", "From now on {refused}"),
}
_REFUSED = (
    "{who} are refused with 429 until the next month begins, or until the limit is raised. "
    "Models, data sets and trainings are not affected."
)


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


def send(letter: Letter, address: str, *, slug: str) -> None:
    """Tell somebody what a letter says, with the way to the page that says more."""
    if letter.kind in ABOUT_ROWS:
        subject, text = _about_rows(letter)
        page = reverse("plan", args=[slug])
    else:
        subject, text = (part.format(model=letter.about) for part in ABOUT_MODELS[letter.kind])
        page = reverse("model_detail", args=[slug, letter.about])
    send_mail(
        subject=subject,
        message=(
            f"{text}\n\n{letter.reason}\n\nThis page says more:\n\n{settings.ASSORT_PUBLIC_URL}{page}\n\n"
            "You get this letter because you are an owner or an admin of the organisation.\n"
        ),
        from_email=None,
        recipient_list=[address],
    )


def _about_rows(letter: Letter) -> tuple[str, str]:
    """Return subject and text of a letter about the plan's rows, the organisation's own cap or that of one key."""
    limits = {"plan": "the plan's rows", "organisation": "the rows of your own cap"}
    limit = limits.get(letter.about, "the rows of a key's cap")
    who = "requests to classify" if letter.about in limits else "requests to classify with this key"
    subject, text = ABOUT_ROWS[letter.kind]
    return subject.format(limit=limit), text.format(refused=_REFUSED.format(who=who))
