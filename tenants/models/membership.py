from django.db import models

from tenants.models.organisation import Organisation
from tenants.models.user import User
from tenants.permissions import Role


class Membership(models.Model):
    """What one person may do in one organisation."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=6, choices=Role)
    # The list of first steps on the home page, for somebody who has seen enough of it.
    hides_first_steps = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "membership"
        constraints = [models.UniqueConstraint(fields=["organisation", "user"], name="membership_is_unique")]

    def __str__(self) -> str:
        return f"{self.user} in {self.organisation}"
