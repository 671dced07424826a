from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from frontend.operators.urls import urls as operators

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("tenants.api.urls")),
    path("api/v1/", include("classifier.api.urls")),
    path("api/schema", SpectacularJSONAPIView.as_view(authentication_classes=[], permission_classes=[]), name="schema"),
    path(
        "api/docs",
        # Its script has an address of its own, so that the content policy need not allow inline ones.
        SpectacularSwaggerSplitView.as_view(
            template_name="frontend/api_docs.html", url_name="schema", authentication_classes=[], permission_classes=[]
        ),
        name="docs",
    ),
    path("operators/", operators),
    # Its sign-up comes before allauth's.
    path("", include("frontend.urls")),
    path("accounts/", include("allauth.urls")),
]

handler403 = "frontend.views.errors.forbidden"
handler404 = "saas.api_errors.not_found"
handler500 = "saas.api_errors.server_error"
