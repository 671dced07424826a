"""Sends letters to the owners and admins of organisations. A process of its own, because a mail server may hang.

It may read addresses and letters, and nothing that belongs to an organisation. A letter may come twice, when this
process dies just after sending it, and is never lost before it is a day old.
"""

import logging
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from tenants import boot, emails, heartbeats, logs, metrics, notify, wakeups
from tenants.metrics import Counter, Gauge, Labels
from tenants.models import Letter, Membership, Organisation
from tenants.permissions import Role

log = logging.getLogger(__name__)

# Letters are announced; those that could not be sent have pauses of minutes.
WAIT_SECONDS = 10.0
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=4)
TRIED_FOR = timedelta(days=1)
SENT_ARE_KEPT = timedelta(days=7)
FAILURES = Counter("assort_letters_failed", "Attempts to send a letter to somebody that failed.")


def run() -> None:
    """Send letters until the process is told to stop."""
    with connection.cursor() as cursor:
        boot.check_login(cursor, may_inherit=())
    Gauge("assort_letters_waiting", "Letters that are still to be sent.", _count_waiting)
    metrics.serve(after=connection.close)
    heart = heartbeats.Heart("postman")
    with wakeups.listening("letter") as calls:
        notify.ready()
        while True:
            while deliver_next():
                pass
            forget_old()
            with connection.cursor() as cursor:
                heart.beat(cursor.execute)
            wakeups.wait(calls, WAIT_SECONDS)


@transaction.atomic
def deliver_next() -> bool:
    """Send the letter that has waited longest, and say whether there was one."""
    letter = _waiting().select_for_update(skip_locked=True).order_by("due_at", "id").first()
    if letter is None:
        return False
    if _reach_all(letter):
        letter.sent_at = timezone.now()
    else:
        letter.due_at = timezone.now() + min(FIRST_PAUSE * 2 ** min(letter.attempts, 10), LONGEST_PAUSE)
    letter.attempts += 1
    letter.save(update_fields=["reached", "sent_at", "due_at", "attempts"])
    return True


def forget_old() -> None:
    """Forget what was sent a week ago, and give up what could not be sent for a day."""
    now = timezone.now()
    Letter.objects.filter(sent_at__lt=now - SENT_ARE_KEPT).delete()
    for letter in Letter.objects.filter(sent_at=None, created_at__lt=now - TRIED_FOR):
        log.error("gave up letter %d, %s, after %d attempts", letter.pk, letter, letter.attempts)
        letter.delete()


def _waiting() -> QuerySet[Letter]:
    """Return what is due. A suspended organisation's letters wait, since nobody could follow their links."""
    active = Organisation.objects.filter(pk=OuterRef("tenant"), status=Organisation.Status.ACTIVE)
    return Letter.objects.filter(Exists(active), sent_at=None, due_at__lte=Now())


def _count_waiting() -> dict[Labels, float]:
    return {(): Letter.objects.filter(sent_at=None).count()}


def _reach_all(letter: Letter) -> bool:
    """Write to everybody who has not had the letter yet, and say whether all have it now."""
    slug = Organisation.objects.values_list("slug", flat=True).get(pk=letter.tenant)
    members = Membership.objects.filter(organisation=letter.tenant, role__in=(Role.OWNER, Role.ADMIN))
    is_complete = True
    for member, address in members.filter(user__is_active=True).values_list("pk", "user__email"):
        if member in letter.reached:
            continue
        try:
            emails.send(letter, address, slug=slug)
        except Exception:  # Whatever is wrong with one letter, the others' must still be sent.
            with logs.about(tenant=letter.tenant):
                log.exception("letter %d to membership %d is tried again later", letter.pk, member)
            FAILURES.add()
            is_complete = False
        else:
            letter.reached.append(member)
    return is_complete
