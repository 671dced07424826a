from django.urls import path

from classifier.api import views

urlpatterns = [
    path("datasets", views.Datasets.as_view(), name="api_datasets"),
    path("datasets/<str:dataset_id>", views.DatasetDetail.as_view(), name="api_dataset"),
    path("datasets/<str:dataset_id>/rows", views.DatasetRows.as_view(), name="api_dataset_rows"),
    path("datasets/<str:dataset_id>/report", views.DatasetReport.as_view(), name="api_dataset_report"),
    path("training_jobs", views.TrainingJobs.as_view(), name="api_training_jobs"),
    path("training_jobs/<str:job_id>", views.TrainingJobDetail.as_view(), name="api_training_job"),
    path("training_jobs/<str:job_id>/cancel", views.TrainingJobCancel.as_view(), name="api_training_job_cancel"),
    path("training_jobs/<str:job_id>/events", views.TrainingJobEvents.as_view(), name="api_training_job_events"),
    path("models", views.Models.as_view(), name="api_models"),
    path("models/<str:model>", views.ModelDetail.as_view(), name="api_model"),
    path("models/<str:model>/versions", views.ModelVersions.as_view(), name="api_model_versions"),
    path("models/<str:model>/versions/<int:number>", views.ModelVersionDetail.as_view(), name="api_model_version"),
    path(
        "models/<str:model>/versions/<int:number>/silence",
        views.ModelVersionSilence.as_view(),
        name="api_model_version_silence",
    ),
    path("models/<str:model>/promote", views.ModelPromote.as_view(), name="api_model_promote"),
    path("models/<str:model>/rollback", views.ModelRollback.as_view(), name="api_model_rollback"),
    path("classifications", views.Classifications.as_view(), name="api_classifications"),
    path("classifications/<str:classification_id>", views.ClassificationDetail.as_view(), name="api_classification"),
]
