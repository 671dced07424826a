"""Django's settings. Everything that differs between installations comes from the environment; see saas/instance.py.

Each process has logins of its own: `ASSORT_PART` says which process this is, DATABASE_URL and REDIS_URL are its own.
"""

from pathlib import Path
from urllib.parse import urlsplit

from saas import env
from tenants import logs

BASE_DIR = Path(__file__).resolve().parent.parent

PARTS = (
    *("gateway", "web", "manage", "provisioner", "prepare", "relay", "fleet", "worker", "registrar", "postman", "test"),
)
ASSORT_PART = env.choice("ASSORT_PART", PARTS)
ASSORT_DATA = env.text("ASSORT_DATA")
ASSORT_MODE = env.choice("ASSORT_MODE", ("development", "production"), "development")
ASSORT_PUBLIC_URL = env.text("ASSORT_PUBLIC_URL", "http://127.0.0.1:8000")
# Objects for machines or lines for people.
ASSORT_LOGS = env.choice("ASSORT_LOGS", logs.FORMS, logs.form())
_is_public = ASSORT_MODE == "production"
# Who may make an account; see tenants/accounts.py.
ASSORT_SIGN_UP = env.choice("ASSORT_SIGN_UP", ("open", "invite", "closed"), "invite" if _is_public else "open")
# Whose word about a client counts; see saas/entrance.py.
ASSORT_PROXIES = env.networks("ASSORT_PROXIES")
# Whether trainings use a sentence encoder by themselves, and workers are forked with it.
ASSORT_ENCODER = env.choice("ASSORT_ENCODER", ("on", "off"), "on") == "on"
# Where the gateway finds the web processes.
ASSORT_WEB_ADDRESS = env.text("ASSORT_WEB_ADDRESS", "")

DEBUG = False

# Only the processes that meet people sign anything; the others get a key that nobody shares.
_meets_people = ASSORT_PART in {"gateway", "web", "manage", "test"}
SECRET_KEY = env.secret("ASSORT_SECRET_KEY") if _meets_people else "unused" * 10
# Keys are stored as an HMAC under this value, so a copy of the database holds no usable key.
API_KEY_PEPPER = env.secret("ASSORT_PEPPER") if _meets_people else ""
# From these two every other login follows; see tenants/secrets.py.
LOGIN_SECRET = env.secret("ASSORT_LOGIN_SECRET") if ASSORT_PART in {"provisioner", "prepare"} else ""
# A fleet that serves a few organisations alone has the passwords of their workers instead of what all follow from.
WORKER_PASSWORDS = env.passwords("ASSORT_WORKER_PASSWORDS") if ASSORT_PART == "fleet" else {}
_makes_logins = ASSORT_PART in {"provisioner", "prepare", "fleet"} and not WORKER_PASSWORDS
FLEET_SECRET = env.secret("ASSORT_FLEET_SECRET") if _makes_logins else ""

ALLOWED_HOSTS = [urlsplit(ASSORT_PUBLIC_URL).hostname or "127.0.0.1"]
if not _is_public:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]"]

# --- Applications ---------------------------------------------------------------------------------------------------

SHARED_APPS = [
    # Before django_tenants, whose own templates of the admin have styles in them. The site is frontend.operators:
    # nothing is registered because it happens to be installed.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django_tenants",
    "tenants.apps.TenantsConfig",
    "frontend.apps.FrontendConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
]
# Their tables are made in each organisation's schema, and in no other.
TENANT_APPS = ["tenants.records.apps.RecordsConfig", "classifier.apps.ClassifierConfig"]
INSTALLED_APPS = SHARED_APPS + TENANT_APPS

TENANT_MODEL = "tenants.Organisation"
AUTH_USER_MODEL = "tenants.User"

MIDDLEWARE = [
    "saas.measured.Measured",
    "tenants.middleware.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "saas.content_policy.ContentPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # The innermost: it finds out who asks in `public`, and runs the view inside the organisation.
    "tenants.middleware.Tenancy",
]

ROOT_URLCONF = "saas.urls"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "frontend" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "frontend.context.permissions",
                "frontend.context.sign_up",
            ],
        },
    },
]

# --- PostgreSQL -----------------------------------------------------------------------------------------------------

_database = env.database("DATABASE_URL")
DATABASES = {
    "default": {
        "ENGINE": "tenants.postgresql",
        **_database,
        # The server's threads live long, so each keeps its connection, though not for ever: PostgreSQL remembers there
        # what it has read of each organisation's schema. A worker sees one.
        "CONN_MAX_AGE": None if ASSORT_PART == "worker" else 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            # How TLS is spoken.
            **_database["OPTIONS"],
            "connect_timeout": 5,
            "application_name": f"assort-{ASSORT_PART}",
            # A network that swallows everything must not hold up a process for ever; the kernel's own is two hours.
            **{"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000},
        },
    }
}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Valkey or Redis ------------------------------------------------------------------------------------------------

REDIS_URL = env.broker("REDIS_URL")

# The cache holds sign-in limits and nothing of an organisation.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "web:cache",
    }
}

# --- People ---------------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "frontend.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {"signup": "frontend.forms.accounts.SignUpForm"}
# Where nobody reads letters yet, an unconfirmed address may go on.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if _is_public else "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Assort"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"

# Where strangers sign up, a letter that only a log has seen would lock them out.
_mail = env.mail("ASSORT_SMTP_URL", is_required=_is_public and ASSORT_PART in {"web", "postman"})
EMAIL_BACKEND = _mail.backend
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.use_ssl, _mail.use_tls
# A server that takes letters and says nothing must not hold up whoever sends them.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("ASSORT_FROM_EMAIL", "Assort <assort@localhost>")

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ASSORT_PUBLIC_URL.startswith("https://")
SECURE_CONTENT_TYPE_NOSNIFF = True
# A browser that was here once never asks in the open again.
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _is_public else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- The API --------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.api.authentication.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "saas.api_errors.handle",
    "UNAUTHENTICATED_USER": None,
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Assort",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Upload labelled rows, train a model, classify in real time.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "saas.openapi.add_classify"],
}

# An upload goes to the disk in pieces and is counted there; see classifier/api/uploads.py.
FILE_UPLOAD_HANDLERS = ["classifier.api.uploads.CountingUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# --- Celery: delivery only ------------------------------------------------------------------------------------------

CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# What the fork server has loaded before the first worker is wanted.
FLEET_PRELOAD = ["saas.celery", "classifier.preload"]

# --- MLflow ---------------------------------------------------------------------------------------------------------

MLFLOW_DATABASE_URL = env.text("MLFLOW_DATABASE_URL", "")

# --- Files, language, time, logs ------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "frontend.finders.NodeModulesFinder",
]
# `up` collects them there when it starts: compressed, and under names that change with what is in them, so that a
# browser asks for each only once. An image has them with it.
STATIC_ROOT = env.text("ASSORT_STATIC", str(Path(ASSORT_DATA) / "static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", "png", "jpg", "gif", "woff", "woff2", "gz")

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

LOGGING_CONFIG = "tenants.logs.configure"
LOGGING = logs.configuration()
