from django.urls import path

from tenants.api import views

urlpatterns = [
    path("me", views.Me.as_view(), name="api_me"),
    path("organisation", views.OrganisationSettings.as_view(), name="api_organisation"),
    path("api_keys", views.ApiKeys.as_view(), name="api_keys"),
    path("api_keys/<str:key_id>", views.ApiKeyDetail.as_view(), name="api_key"),
    path("usage", views.UsageList.as_view(), name="api_usage"),
]
