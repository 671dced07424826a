from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registers the system checks.
        from tenants import checks  # noqa: F401, PLC0415 - Django wants them imported once the apps are ready.
