"""Walls that are taken away, one line each, and the tests that must notice.

The text to replace stands exactly once in its file, as `tests/conventions/test_mutants.py` makes sure.
"""

from dataclasses import dataclass

MATRIX = "tests/isolation/test_matrix.py"
PAGES = "tests/isolation/test_pages.py"
DOORS = "tests/isolation/test_doors.py"
LOGINS = "tests/isolation/test_logins.py"
WORKER = "tests/isolation/test_worker.py"
BROKER = "tests/isolation/test_broker.py"
INTRUDER = "tests/isolation/test_intruder.py"
SECRETS = "tests/isolation/test_secrets.py"
DROPPED = """\
    level = landlock.abi()
    linux.drop_capabilities(but=linux.DAC_READ_SEARCH if passes else None)
"""


@dataclass(frozen=True)
class Mutant:
    """A change of one file of the product. `name` says which wall is gone, `tests` are pytest's names of tests."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "an error's own words are written to the logs",
        "tenants/logs.py",
        "    if not any(each.__name__ in SPEAKING for each in type(error).__mro__):\n",
        "    if not kind:\n",
        ("tests/tenants/test_logs.py",),
    ),
    Mutant(
        "an organisation is entered without its role",
        "tenants/postgresql/base.py",
        "        self.role = schema\n",
        "        self.role = OWN_ROLE\n",
        ("tests/tenants/test_isolation.py",),
    ),
    Mutant(
        "an organisation's role is not left",
        "tenants/postgresql/base.py",
        "        self.role = OWN_ROLE\n        self.set_schema_to_public()\n",
        "        self.set_schema_to_public()\n",
        ("tests/tenants/test_isolation.py",),
    ),
    Mutant(
        "what is common can be named inside an organisation",
        "tenants/postgresql/base.py",
        "        self.set_schema(schema, include_public=False)\n",
        "        self.set_schema(schema, include_public=True)\n",
        ("tests/tenants/test_isolation.py",),
    ),
    Mutant(
        "the web process inherits every organisation's role",
        "tenants/schemas.py",
        'WITH INHERIT FALSE, SET TRUE", role, WEB_LOGIN)',
        'WITH INHERIT TRUE, SET TRUE", role, WEB_LOGIN)',
        ("tests/tenants/test_isolation.py",),
    ),
    Mutant(
        "everybody may read every schema",
        "tenants/schemas.py",
        '    _execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {} TO {}", role, role)\n',
        '    _execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {} TO {}", role, role)\n'
        '    _execute("GRANT USAGE ON SCHEMA {} TO PUBLIC", role)\n'
        '    _execute("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO PUBLIC", role)\n',
        (f"{WORKER}::test_the_database_denies_it",),
    ),
    Mutant(
        "the audit may be rewritten",
        "tenants/schemas.py",
        '        _execute("REVOKE UPDATE, DELETE ON {}.{} FROM {}", role, table, role)\n',
        "        pass\n",
        ("tests/tenants/test_isolation.py::test_the_audit_is_only_added_to",),
    ),
    Mutant(
        "the process that sends letters may read passwords",
        "tenants/logins.py",
        '        "user": "SELECT (id, email, is_active)",\n',
        '        "user": "SELECT",\n',
        (f"{LOGINS}::test_a_login_does_what_its_process_is_for_and_nothing_else",),
    ),
    Mutant(
        "every login may use MLflow's database",
        "tenants/logins.py",
        '    _execute("CREATE DATABASE {}", name)\n    _execute("REVOKE ALL ON DATABASE {} FROM PUBLIC", name)\n',
        '    _execute("CREATE DATABASE {}", name)\n',
        (f"{LOGINS}::test_mlflows_tables_are_the_registrars",),
    ),
    Mutant(
        "a door does not ask whose job it is",
        "tenants/migrations/0020_lost_workers.py",
        "    WHERE id = job_id AND tenant = door.tenant() AND NOT door.is_replaced()\n",
        "    WHERE id = job_id AND NOT door.is_replaced()\n",
        (f"{DOORS}::test_a_door_opens_to_ones_own_only",),
    ),
    Mutant(
        "a door to many jobs does not ask whose they are",
        "tenants/migrations/0020_lost_workers.py",
        " AND tenant || '' = (SELECT door.tenant()) AND NOT",
        " AND NOT",
        (f"{DOORS}::test_a_door_opens_to_ones_own_only",),
    ),
    Mutant(
        "whoever knows of jobs may finish them",
        "tenants/migrations/0015_jobs_at_once.py",
        "        WHERE job.tenant || '' = (SELECT door.tenant()) AND job.state",
        "        WHERE job.state",
        (f"{DOORS}::test_a_door_opens_to_ones_own_only",),
    ),
    Mutant(
        "a door takes the organisation from what the session says of itself",
        "tenants/doors.sql",
        "        substring(current_setting('role') FROM '^t_([a-z0-9]{16})$'),\n",
        "        substring(current_setting('assort.tenant', true) FROM '([a-z0-9]{16})$'),\n"
        "        substring(current_setting('role') FROM '^t_([a-z0-9]{16})$'),\n",
        (f"{DOORS}::test_no_setting_makes_another_of_it",),
    ),
    Mutant(
        "an older attempt may finish a job",
        "tenants/doors.sql",
        "        UPDATE job SET state = 'done', outcome = how, finished_at = clock_timestamp(), lease_until = NULL\n"
        "        WHERE id = job_id AND tenant = door.tenant() AND state = 'running' AND attempt = held\n",
        "        UPDATE job SET state = 'done', outcome = how, finished_at = clock_timestamp(), lease_until = NULL\n"
        "        WHERE id = job_id AND tenant = door.tenant() AND state = 'running'\n",
        ("tests/tenants/test_jobs.py",),
    ),
    Mutant(
        "a host whose lease is over may take up jobs",
        "tenants/migrations/0020_lost_workers.py",
        " AND NOT door.is_replaced()\n      AND (state IN",
        "\n      AND (state IN",
        ("tests/classifier/test_fleet_leases.py",),
    ),
    Mutant(
        "a worker's login to the broker reaches every queue",
        "tenants/broker.py",
        'f"~t:{tenant}:* %W~reply',
        'f"~t:{tenant}:* ~t:[1-9a-z]* %W~reply',
        ("tests/tenants/test_broker.py", f"{BROKER}::test_a_workers_commands_stay_with_its_own_keys"),
    ),
    Mutant(
        "a worker's login to the broker may run nearly every command",
        "tenants/broker.py",
        '    "+brpop +rpop +lpush',
        '    "+@all -@dangerous +brpop +rpop +lpush',
        ("tests/tenants/test_broker.py", f"{BROKER}::test_no_login_has_any_power"),
    ),
    Mutant(
        "the web process may read queues",
        "tenants/broker.py",
        '        "%W~t:* %W~fleet:wake +lpush (~reply:*',
        '        "~t:* %W~fleet:wake +lpush +rpop +lrange +llen (~reply:*',
        (f"{BROKER}::test_no_login_has_any_power",),
    ),
    Mutant(
        "a worker enters no Landlock domain",
        "classifier/confinement.py",
        "        rules.enter()\n",
        "",
        (f"{INTRUDER}::test_other_files_are_out_of_its_reach",),
    ),
    Mutant(
        "a worker may connect to every port",
        "classifier/confinement.py",
        "        rules.allow_connect(connect_ports)\n",
        "        rules.allow_connect(range(1, 65_536))\n",
        (f"{WORKER}::test_it_signals_no_neighbour_and_connects_nowhere_else",),
    ),
    Mutant(
        "a confined process may be read by its own user",
        "classifier/confinement.py",
        f"{DROPPED}    if not linux.is_profiled():\n        linux.prctl(Prctl.SET_DUMPABLE, 0)\n",
        DROPPED,
        ("tests/classifier/test_confinement.py",),
    ),
    Mutant(
        "a worker keeps the capabilities that it was started with",
        "classifier/confinement.py",
        DROPPED,
        "    level = landlock.abi()\n",
        ("tests/classifier/test_confinement.py", INTRUDER),
    ),
    Mutant(
        "workers of all organisations share one user",
        "tenants/folders.py",
        "    owner = uid if have_owners()",
        "    owner = FIRST_UID if have_owners()",
        (f"{WORKER}::test_another_user_is_denied_it",),
    ),
    Mutant(
        "the process that forks workers is told the fleet's secret",
        "classifier/fleet/environment.py",
        '"PYTHONPATH", "ASSORT_PROFILE")',
        '"PYTHONPATH", "ASSORT_PROFILE", "ASSORT_FLEET_SECRET")',
        (SECRETS,),
    ),
    Mutant(
        "a host serves whom another has for itself",
        "classifier/scaling.py",
        "    return tenant in only if only else tenant not in dedicated\n",
        "    return tenant in only if only else True\n",
        ("tests/classifier/test_scaling.py",),
    ),
    Mutant(
        "a host of one organisation's own is told what everybody's logins follow from",
        "saas/roles.py",
        '    secret = own.pop(variable("fleet_secret"))\n',
        '    secret = own[variable("fleet_secret")]\n',
        ("tests/saas/test_roles.py",),
    ),
    Mutant(
        "a role is told the secrets of others that lie beside its own",
        "saas/roles.py",
        "for name, text in given.items() if name not in closed and not name",
        "for name, text in given.items() if not name",
        ("tests/saas/test_roles.py",),
    ),
    Mutant(
        "a key is found whosever it is",
        "tenants/keys.py",
        "ApiKey.objects.filter(organisation=organisation, id=key_id)",
        "ApiKey.objects.filter(id=key_id)",
        (f"{MATRIX}::test_what_is_not_yours_does_not_exist",),
    ),
    Mutant(
        "the gateway does not ask what a key may do",
        "classifier/gateway/callers.py",
        "        if needed not in key.scopes:\n            raise MissingScope(needed)\n",
        "",
        (f"{MATRIX}::test_a_key_without_the_scope_is_told_which_it_lacks",),
    ),
    Mutant(
        "a key that was revoked is remembered as it was",
        "classifier/gateway/callers.py",
        '        self._keys.forget_all(lambda key: tenant in {"*", key.organisation_id})\n',
        "        pass\n",
        ("tests/end_to_end/test_main_job.py::test_a_revoked_key_is_refused_within_a_second_by_the_gateway",),
    ),
    Mutant(
        "pages do not ask whether somebody is a member",
        "tenants/middleware.py",
        'members.filter(user=request.user, organisation__slug=kwargs["slug"])',
        'members.filter(organisation__slug=kwargs["slug"])',
        (f"{PAGES}::test_a_strangers_session_finds_no_page",),
    ),
    Mutant(
        "pages tell a stranger that they are there",
        "tenants/middleware.py",
        "    if membership is None or not membership.organisation.is_active:\n        raise Http404\n",
        "    if membership is None or not membership.organisation.is_active:\n"
        "        from django.core.exceptions import PermissionDenied\n\n"
        "        raise PermissionDenied\n",
        (f"{PAGES}::test_a_strangers_session_finds_no_page",),
    ),
    Mutant(
        "a member is found whosever it is",
        "frontend/loaders.py",
        'request.organisation.memberships.select_related("user").filter(pk=member)',
        'Membership.objects.select_related("user").filter(pk=member)',
        (f"{PAGES}::test_an_id_of_another_is_nobodys",),
    ),
    Mutant(
        "forms are taken from everywhere",
        "saas/settings.py",
        '    "django.middleware.csrf.CsrfViewMiddleware",\n',
        "",
        (f"{PAGES}::test_a_form_from_elsewhere_is_refused",),
    ),
    Mutant(
        "the web processes serve whoever says some word",
        "saas/introduction.py",
        "    if not hmac.compare_digest(password.encode(), _password().encode()):\n",
        "    if not password:\n",
        ("tests/saas/test_forwarding.py",),
    ),
    Mutant(
        "everybody is believed who says for whom he asks",
        "saas/entrance.py",
        "        if not self._networks or not client or not self._is_proxy(client[0]):\n",
        "        if not self._networks or not client:\n",
        ("tests/saas/test_entrance.py",),
    ),
    Mutant(
        "a key may be sent in the open",
        "saas/entrance.py",
        "        if self.is_plain(scope):\n",
        "        if False:\n",
        ("tests/saas/test_production.py::test_a_call_in_the_open_is_refused_and_not_led_on",),
    ),
    Mutant(
        "an invitation that is over opens the sign-up",
        "tenants/accounts.py",
        "        return found is not None and found.is_open and found.organisation.is_active\n",
        "        return True\n",
        ("tests/frontend/test_sign_up.py",),
    ),
    Mutant(
        "messages may be pickles",
        "saas/settings.py",
        'CELERY_ACCEPT_CONTENT = ["json"]',
        'CELERY_ACCEPT_CONTENT = ["json", "pickle"]',
        ("tests/conventions/test_tasks.py",),
    ),
    Mutant(
        "a model is loaded whatever its bytes are",
        "classifier/ml/artefact.py",
        "    if _sha256(content) != sha256:\n",
        "    if not content:\n",
        ("tests/classifier/ml/test_artefact.py",),
    ),
    Mutant(
        "an array of a model may be a pickle",
        "classifier/ml/artefact.py",
        "= np.load(content, allow_pickle=False)\n",
        "= np.load(content, allow_pickle=True)\n",
        ("tests/classifier/ml/test_artefact.py::test_a_pickle_in_place_of_an_array_is_never_loaded",),
    ),
    Mutant(
        "an export may hold formulas",
        "classifier/results.py",
        '    return f"\'{text}" if text.startswith(FORMULA) else text\n',
        "    return text\n",
        ("tests/classifier/test_results.py", "tests/frontend/test_result_list.py"),
    ),
)
