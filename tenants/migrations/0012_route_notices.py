"""Whatever changes what serves is told to the gateways by the commit itself, whoever changed it and how."""

from django.db import migrations

FORWARDS = """
    CREATE FUNCTION public.tell_route() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('route', coalesce(NEW.tenant, OLD.tenant));
        RETURN NULL;
    END $$;
    CREATE TRIGGER route_is_told AFTER INSERT OR UPDATE OR DELETE ON public.route
        FOR EACH ROW EXECUTE FUNCTION public.tell_route();

    CREATE FUNCTION public.tell_shared_model() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('route', 'assort');
        RETURN NULL;
    END $$;
    REVOKE ALL ON FUNCTION public.tell_route, public.tell_shared_model FROM PUBLIC;
    CREATE TRIGGER shared_model_is_told AFTER INSERT OR UPDATE OR DELETE ON public.shared_model
        FOR EACH STATEMENT EXECUTE FUNCTION public.tell_shared_model();
"""
BACKWARDS = """
    DROP TRIGGER shared_model_is_told ON public.shared_model;
    DROP FUNCTION public.tell_shared_model();
    DROP TRIGGER route_is_told ON public.route;
    DROP FUNCTION public.tell_route();
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0011_requests")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
