"""The addresses of the pages. A view, its file, its name here and its test have the same name."""

from django.conf import settings as installation
from django.urls import URLPattern, URLResolver, include, path

from frontend.views.account_delete import account_delete
from frontend.views.audit import audit
from frontend.views.classification_detail import classification_detail
from frontend.views.classification_explain import classification_explain
from frontend.views.components import components
from frontend.views.dataset_delete import dataset_delete
from frontend.views.dataset_detail import dataset_detail
from frontend.views.dataset_extend import dataset_extend
from frontend.views.dataset_list import dataset_list
from frontend.views.dataset_rows import dataset_rows
from frontend.views.dataset_sample import dataset_sample
from frontend.views.dataset_upload import dataset_upload
from frontend.views.first_steps_hide import first_steps_hide
from frontend.views.home import home
from frontend.views.invitation_accept import invitation_accept
from frontend.views.invitation_resend import invitation_resend
from frontend.views.invitation_withdraw import invitation_withdraw
from frontend.views.key_cap import key_cap
from frontend.views.key_create import key_create
from frontend.views.key_detail import key_detail
from frontend.views.key_list import key_list
from frontend.views.key_revoke import key_revoke
from frontend.views.member_invite import member_invite
from frontend.views.member_leave import member_leave
from frontend.views.member_remove import member_remove
from frontend.views.member_role import member_role
from frontend.views.model_delete import model_delete
from frontend.views.model_detail import model_detail
from frontend.views.model_follow import model_follow
from frontend.views.model_list import model_list
from frontend.views.model_offer_accept import model_offer_accept
from frontend.views.model_offer_decline import model_offer_decline
from frontend.views.model_policy import model_policy
from frontend.views.model_promote import model_promote
from frontend.views.model_roll_back import model_roll_back
from frontend.views.model_train import model_train
from frontend.views.organisation_delete import organisation_delete
from frontend.views.organisation_found import organisation_found
from frontend.views.organisation_home import organisation_home
from frontend.views.organisation_list import organisation_list
from frontend.views.plan import plan
from frontend.views.plan_cap import plan_cap
from frontend.views.result_list import result_list
from frontend.views.settings import settings
from frontend.views.sign_up import sign_up
from frontend.views.team import team
from frontend.views.training_cancel import training_cancel
from frontend.views.training_detail import training_detail
from frontend.views.training_list import training_list
from frontend.views.training_start import training_start
from frontend.views.try_it import try_it
from frontend.views.usage import usage
from frontend.views.usage_csv import usage_csv
from frontend.views.version_compare import version_compare
from frontend.views.version_detail import version_detail
from frontend.views.version_rows import version_rows
from frontend.views.version_silence import version_silence

of_organisation = [
    path("", organisation_home, name="organisation_home"),
    path("first-steps/hide/", first_steps_hide, name="first_steps_hide"),
    path("datasets/", dataset_list, name="dataset_list"),
    path("datasets/upload/", dataset_upload, name="dataset_upload"),
    path("datasets/sample/", dataset_sample, name="dataset_sample"),
    path("datasets/<slug:dataset>/", dataset_detail, name="dataset_detail"),
    path("datasets/<slug:dataset>/rows/", dataset_rows, name="dataset_rows"),
    path("datasets/<slug:dataset>/add/", dataset_extend, name="dataset_extend"),
    path("datasets/<slug:dataset>/delete/", dataset_delete, name="dataset_delete"),
    path("trainings/", training_list, name="training_list"),
    path("trainings/start/", training_start, name="training_start"),
    path("trainings/<slug:job>/", training_detail, name="training_detail"),
    path("trainings/<slug:job>/cancel/", training_cancel, name="training_cancel"),
    path("models/", model_list, name="model_list"),
    path("models/<slug:model>/", model_detail, name="model_detail"),
    # Not a slug: `assort.<name>` is a shared model.
    path("models/<str:model>/try/", try_it, name="try_it"),
    path("models/<slug:model>/train/", model_train, name="model_train"),
    path("models/<slug:model>/policy/", model_policy, name="model_policy"),
    path("models/<slug:model>/follow/", model_follow, name="model_follow"),
    path("models/<slug:model>/offer/accept/", model_offer_accept, name="model_offer_accept"),
    path("models/<slug:model>/offer/decline/", model_offer_decline, name="model_offer_decline"),
    path("models/<slug:model>/roll-back/", model_roll_back, name="model_roll_back"),
    path("models/<slug:model>/delete/", model_delete, name="model_delete"),
    path("models/<slug:model>/versions/<int:number>/", version_detail, name="version_detail"),
    path("models/<slug:model>/versions/<int:number>/rows/", version_rows, name="version_rows"),
    path("models/<slug:model>/versions/<int:number>/compare/", version_compare, name="version_compare"),
    path("models/<slug:model>/versions/<int:number>/silence/", version_silence, name="version_silence"),
    path("models/<slug:model>/versions/<int:number>/promote/", model_promote, name="model_promote"),
    path("results/", result_list, name="result_list"),
    path("classifications/<slug:classification>/", classification_detail, name="classification_detail"),
    path("classifications/<slug:classification>/explain/", classification_explain, name="classification_explain"),
    path("keys/", key_list, name="key_list"),
    path("keys/create/", key_create, name="key_create"),
    path("keys/<slug:key_id>/", key_detail, name="key_detail"),
    path("keys/<slug:key_id>/cap/", key_cap, name="key_cap"),
    path("keys/<slug:key_id>/revoke/", key_revoke, name="key_revoke"),
    path("team/", team, name="team"),
    path("team/invite/", member_invite, name="member_invite"),
    path("team/<int:member>/role/", member_role, name="member_role"),
    path("team/<int:member>/remove/", member_remove, name="member_remove"),
    path("team/leave/", member_leave, name="member_leave"),
    path("team/invitations/<int:invitation>/resend/", invitation_resend, name="invitation_resend"),
    path("team/invitations/<int:invitation>/withdraw/", invitation_withdraw, name="invitation_withdraw"),
    path("plan/", plan, name="plan"),
    path("plan/cap/", plan_cap, name="plan_cap"),
    path("usage/", usage, name="usage"),
    path("usage/csv/", usage_csv, name="usage_csv"),
    path("audit/", audit, name="audit"),
    path("settings/", settings, name="settings"),
    path("settings/delete/", organisation_delete, name="organisation_delete"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    # Stands before allauth's own view of this name and address.
    path("accounts/signup/", sign_up, name="account_signup"),
    path("accounts/delete/", account_delete, name="account_delete"),
    path("invitations/<slug:token>/", invitation_accept, name="invitation_accept"),
    path("organisations/", organisation_list, name="organisation_list"),
    path("organisations/found/", organisation_found, name="organisation_found"),
    path("o/<slug:slug>/", include(of_organisation)),
]
if installation.ASSORT_MODE == "development":
    urlpatterns.append(path("_components", components, name="components"))
