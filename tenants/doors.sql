-- What an organisation may do outside its own schema. The functions run as the owner of the installation and take
-- the tenant from the session: from the role that the web process entered, or from the worker's login. A caller
-- cannot name another tenant, because none of them takes a tenant as an argument.

CREATE SCHEMA door;
REVOKE ALL ON SCHEMA door FROM PUBLIC;

CREATE FUNCTION door.tenant() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    found text := coalesce(
        substring(current_setting('role') FROM '^t_([a-z0-9]{16})$'),
        substring(session_user::text FROM '^wk_([a-z0-9]{16})$')
    );
BEGIN
    IF found IS NULL THEN
        RAISE insufficient_privilege USING MESSAGE = 'this session belongs to no organisation';
    END IF;
    RETURN found;
END $$;

CREATE FUNCTION door.submit_job(job_id text, job_kind text, job_queue text, about text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO job (id, tenant, kind, queue, subject, state, attempt, outcome, created_at)
    VALUES (job_id, door.tenant(), job_kind, job_queue, about, 'queued', 0, '', now());
    SELECT pg_notify('job', '');
$$;

-- The relay serves everybody, so nobody may hand it what it does not know.
ALTER TABLE public.job ADD CONSTRAINT job_kind_has_its_queue CHECK (
    (kind, queue) IN (
        ('classify', 'infer'), ('validate', 'batch'), ('tidy', 'batch'), ('train', 'train'),
        ('register', 'record'), ('unregister', 'record')
    )
);

-- The attempt's number is the fence: whoever holds an older one can neither renew nor finish.
CREATE FUNCTION door.claim_job(job_id text, lease interval) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE job SET state = 'running', attempt = attempt + 1, lease_until = clock_timestamp() + lease
    WHERE id = job_id AND tenant = door.tenant()
      AND (state IN ('queued', 'sent') OR (state = 'running' AND lease_until < clock_timestamp()))
    RETURNING attempt;
$$;

CREATE FUNCTION door.renew_job(job_id text, held integer, lease interval) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH renewed AS (
        UPDATE job SET lease_until = clock_timestamp() + lease
        WHERE id = job_id AND tenant = door.tenant() AND state = 'running' AND attempt = held
        RETURNING 1
    ) SELECT EXISTS (SELECT FROM renewed);
$$;

CREATE FUNCTION door.finish_job(job_id text, held integer, how text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH finished AS (
        UPDATE job SET state = 'done', outcome = how, finished_at = clock_timestamp(), lease_until = NULL
        WHERE id = job_id AND tenant = door.tenant() AND state = 'running' AND attempt = held
        RETURNING 1
    ) SELECT EXISTS (SELECT FROM finished);
$$;

-- A worker that is told to stop gives its job back, and the attempt does not count.
CREATE FUNCTION door.hand_back_job(job_id text, held integer) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH returned AS (
        UPDATE job SET state = 'queued', attempt = attempt - 1, lease_until = NULL
        WHERE id = job_id AND tenant = door.tenant() AND state = 'running' AND attempt = held
        RETURNING pg_notify('job', '')
    ) SELECT EXISTS (SELECT FROM returned);
$$;

-- A job that nobody runs ends here and now; a running one is asked through its own row.
CREATE FUNCTION door.cancel_job(job_id text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH canceled AS (
        UPDATE job SET state = 'done', outcome = 'canceled', finished_at = clock_timestamp()
        WHERE id = job_id AND tenant = door.tenant() AND state IN ('queued', 'sent')
        RETURNING 1
    ) SELECT EXISTS (SELECT FROM canceled);
$$;

CREATE FUNCTION door.set_route(of_model text, to_version integer, of_kind text, label_count integer, hash text)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO route (tenant, model, version, kind, labels, sha256, updated_at)
    VALUES (door.tenant(), of_model, to_version, of_kind, label_count, hash, now())
    ON CONFLICT (tenant, model) DO UPDATE
    SET version = to_version, kind = of_kind, labels = label_count, sha256 = hash, updated_at = now();
    SELECT pg_notify('route', door.tenant());
$$;

CREATE FUNCTION door.drop_route(of_model text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM route WHERE tenant = door.tenant() AND model = of_model;
    SELECT pg_notify('route', door.tenant());
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA door FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
