from django.db import models


class OperatorEntry(models.Model):
    """What an operator did to whom. No login but the installation's owner may change or delete a row of it."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=254)
    action = models.CharField(max_length=64)
    target = models.CharField(max_length=254, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "operator_audit"
        verbose_name = "entry of the audit"
        verbose_name_plural = "audit"
        indexes = [models.Index(fields=["-at"], name="operator_audit_newest")]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.target}"
