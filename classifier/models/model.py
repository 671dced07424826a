from django.db import models

from classifier.models.dataset import Dataset
from tenants import ids

LONGEST_SCHEDULE = 365


def new_id() -> str:
    return ids.new("mdl")


class Model(models.Model):
    """A name under which versions are trained and one of them, the champion, answers."""

    class Policy(models.TextChoices):
        AUTO = "auto"  # A new version serves unless it is worse on the same held-out rows.
        ASK = "ask"  # A person decides.
        PINNED = "pinned"  # The champion stays.

    class Follow(models.TextChoices):
        OFF = "off"
        ASK = "ask"  # A person says whether to train on the new rows.
        AUTOMATIC = "automatic"  # A training starts by itself.

    id = models.CharField(primary_key=True, max_length=24, default=new_id, editable=False)
    name = models.CharField(max_length=63, unique=True)
    policy = models.CharField(max_length=6, choices=Policy, default=Policy.AUTO)
    champion = models.ForeignKey("ModelVersion", on_delete=models.SET_NULL, null=True, related_name="+")
    follow = models.CharField(max_length=9, choices=Follow, default=Follow.OFF)
    # So many rows that the newest version has not learnt from make it act; and so many days, where there are any.
    follow_rows = models.PositiveIntegerField(default=1)
    follow_every = models.PositiveIntegerField(null=True)
    follow_due = models.DateTimeField(null=True)
    # Stands for all its versions, and is moved along to the newest of them.
    followed = models.ForeignKey(Dataset, on_delete=models.SET_NULL, null=True, related_name="followers")
    # The one that waits for a person, and the last one that a person did not want.
    offered = models.ForeignKey(Dataset, on_delete=models.SET_NULL, null=True, related_name="+")
    declined = models.ForeignKey(Dataset, on_delete=models.SET_NULL, null=True, related_name="+")
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["-created_at"], name="model_newest")]
        constraints = [
            models.CheckConstraint(condition=models.Q(follow_rows__gte=1), name="model_follow_rows_are_some"),
            models.CheckConstraint(
                condition=models.Q(follow_every=None) | models.Q(follow_every__range=(1, LONGEST_SCHEDULE)),
                name="model_follow_every_is_days",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_following(self) -> bool:
        return self.follow != self.Follow.OFF

    @property
    def is_in_training(self) -> bool:
        return bool(self.training_jobs.filter(finished_at=None).exists())


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


class Refusal(models.Model):
    """A version that was made champion in MLflow and does not answer, for a reason. Its number is MLflow's."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="refusals")
    number = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "number"], name="refusal_number_is_unique")]

    def __str__(self) -> str:
        return f"{self.model_id} in MLflow {self.number}"
