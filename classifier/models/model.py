from django.db import models

from tenants import ids


def new_id() -> str:
    return ids.new("mdl")


class Model(models.Model):
    """A name under which versions are trained and one of them, the champion, answers."""

    class Policy(models.TextChoices):
        AUTO = "auto"  # A new version serves unless it is worse on the same held-out rows.
        ASK = "ask"  # A person decides.
        PINNED = "pinned"  # The champion stays.

    id = models.CharField(primary_key=True, max_length=24, default=new_id, editable=False)
    name = models.CharField(max_length=63, unique=True)
    policy = models.CharField(max_length=6, choices=Policy, default=Policy.AUTO)
    champion = models.ForeignKey("ModelVersion", on_delete=models.SET_NULL, null=True, related_name="+")
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["-created_at"], name="model_newest")]

    def __str__(self) -> str:
        return self.name


class Promotion(models.Model):
    """A version became champion. The list is what a roll-back goes back along."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="promotions")
    version = models.ForeignKey("ModelVersion", on_delete=models.CASCADE, related_name="promotions")
    by = models.CharField(max_length=254)
    reason = models.CharField(max_length=300)
    # A roll-back takes the promotion before it off the list that the next one goes back along.
    is_roll_back = models.BooleanField(default=False)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.model_id} to {self.version_id}"
