"""Requests that are answered later have a queue of their own, so that they keep no caller waiting."""

from django.db import migrations

FORWARDS = """
    ALTER TABLE public.job DROP CONSTRAINT job_kind_has_its_queue;
    UPDATE public.job SET queue = 'later' WHERE kind = 'classify';
    ALTER TABLE public.job ADD CONSTRAINT job_kind_has_its_queue CHECK (
        (kind, queue) IN (
            ('classify', 'later'), ('validate', 'batch'), ('tidy', 'batch'), ('follow', 'batch'), ('adopt', 'batch'),
            ('train', 'train'), ('register', 'record'), ('unregister', 'record'), ('settle', 'record')
        )
    );
"""
BACKWARDS = """
    ALTER TABLE public.job DROP CONSTRAINT job_kind_has_its_queue;
    UPDATE public.job SET queue = 'infer' WHERE kind = 'classify';
    ALTER TABLE public.job ADD CONSTRAINT job_kind_has_its_queue CHECK (
        (kind, queue) IN (
            ('classify', 'infer'), ('validate', 'batch'), ('tidy', 'batch'), ('follow', 'batch'), ('adopt', 'batch'),
            ('train', 'train'), ('register', 'record'), ('unregister', 'record'), ('settle', 'record')
        )
    );
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0012_route_notices")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
