from django.db import models
from django.db.models import Q

from tenants import ids


def new_id() -> str:
    return ids.new("enc")


class Encoder(models.Model):
    """A sentence encoder that the operator has added for every organisation.

    Organisations read those that were not withdrawn through `door.encoders()`. A model names the encoder that it needs
    by its hash, so those that were trained with one go on after it was withdrawn.
    """

    id = models.CharField(primary_key=True, max_length=24, default=new_id, editable=False)
    name = models.CharField(max_length=63)
    # Of its manifest, which has the hashes of all of its files.
    sha256 = models.CharField(max_length=64, unique=True)
    # Of the weights as they were published.
    weights_sha256 = models.CharField(max_length=64)
    licence = models.CharField(max_length=100)
    # How many numbers a vector has, and how many tokens of a text are read.
    width = models.PositiveIntegerField()
    tokens = models.PositiveIntegerField()
    is_default = models.BooleanField(default=False)
    added_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "encoder"
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=Q(withdrawn_at=None), name="encoder_name_is_unique"),
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_encoder_is_the_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name
