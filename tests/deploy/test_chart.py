"""What the chart promises, looked for on the objects that a cluster would get: by default, and with everything on."""

import tempfile
from typing import Any

import pytest

from classifier.fleet import crew
from saas import roles
from tests.deploy.chart import Rendered, environment

STAY = {"gateway", "web", "scheduler", "provisioner", "registrar", "fleet", "mlflow"}
DATABASE, BROKER, MAIL, NAMES, PAGES, STORAGE = 5432, 6379, 587, 53, 8001, 9000
EVERY = pytest.mark.parametrize("release", ["default", "everything"], indirect=True)


@EVERY
def test_there_is_a_deployment_for_each_role_that_stays_and_a_job_for_each_that_ends(release: Rendered) -> None:
    dedicated = {name for name in release.of("Deployment") if name.startswith("dedicated-")}
    assert release.of("Deployment").keys() - dedicated == STAY
    assert release.of("Job").keys() == {"migrate", "furnish"}
    assert STAY | {"migrate", "furnish"} == roles.ROLES.keys()


@EVERY
def test_every_role_is_the_same_image_and_only_its_command_differs(release: Rendered) -> None:
    assert len({container["image"] for container in release.containers().values()}) == 1
    for name, container in release.containers().items():
        wanted = ["run", name] if name in roles.ROLES else ["run", "fleet", "--only", name.removeprefix("dedicated-")]
        assert container["args"] == wanted


def test_an_image_is_named_by_its_digest_where_there_is_one(everything: Rendered) -> None:
    assert everything.containers()["web"]["image"].startswith("registry.example/assort@sha256:0123")


@EVERY
def test_each_role_reads_its_own_secret_and_no_other(release: Rendered) -> None:
    for name, container in release.containers().items():
        read = [source["secretRef"]["name"] for source in container["envFrom"]]
        storage = ["assort-s3"] if name in {"registrar", "mlflow"} and len(read) > 1 else []
        assert read == [f"assort-{name}", *storage]


@EVERY
def test_no_secret_stands_in_the_objects_or_in_an_argument(release: Rendered) -> None:
    assert not release.of("Secret")
    for container in release.containers().values():
        assert not {
            name for name in environment(container) if "SECRET" in name or "PASSWORD" in name or "URL" in name
        } - {
            "ASSORT_PUBLIC_URL",
            "MLFLOW_S3_ENDPOINT_URL",
        }


@EVERY
def test_migrations_run_before_anything_of_a_version_does(release: Rendered) -> None:
    job = release.of("Job")["migrate"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    # What comes with the release is not there yet at the first time: neither a claim nor an account.
    assert "serviceAccountName" not in release.pods()["migrate"]
    volumes = {volume["name"] for volume in release.pods()["migrate"]["volumes"]}
    assert volumes - {"authorities"} == {"scratch"}


def test_every_role_finds_the_certificates_of_authorities_where_there_are_some(
    default: Rendered, everything: Rendered
) -> None:
    place = {"name": "authorities", "mountPath": "/etc/assort/authorities", "readOnly": True}
    assert all(place in container["volumeMounts"] for container in everything.containers().values())
    volume = {"name": "authorities", "configMap": {"name": "company-authorities"}}
    assert all(volume in pod["volumes"] for pod in everything.pods().values())
    assert not any(place in container["volumeMounts"] for container in default.containers().values())


@EVERY
def test_customers_come_in_by_the_gateway_alone(release: Rendered) -> None:
    [ingress] = release.of("Ingress").values()
    [rule] = ingress["spec"]["rules"]
    [path] = rule["http"]["paths"]
    assert path["backend"]["service"]["name"] == "assort-gateway"
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]
    assert f"https://{rule['host']}" == environment(release.containers()["gateway"])["ASSORT_PUBLIC_URL"]
    assert {service["spec"].get("type", "ClusterIP") for service in release.of("Service").values()} == {"ClusterIP"}


def test_the_gateway_is_told_whose_word_counts_and_pages_who_may_sign_up(everything: Rendered) -> None:
    assert environment(everything.containers()["gateway"])["ASSORT_PROXIES"] == "10.8.0.0/16,10.9.0.1"
    assert environment(everything.containers()["web"])["ASSORT_SIGN_UP"] == "closed"


@EVERY
@pytest.mark.parametrize("role", ["gateway", "web"])
def test_gateways_and_web_processes_grow_with_their_load(release: Rendered, role: str) -> None:
    scaler = release.of("HorizontalPodAutoscaler")[role]["spec"]
    assert scaler["scaleTargetRef"]["name"] == f"assort-{role}"
    assert 2 <= scaler["minReplicas"] < scaler["maxReplicas"]
    # A number here would be set back by every upgrade.
    assert "replicas" not in release.of("Deployment")[role]["spec"]
    assert release.containers()[role]["resources"]["requests"]["cpu"]


@EVERY
def test_fleet_hosts_follow_what_the_fleet_says_it_wants_and_one_is_always_warm(release: Rendered) -> None:
    scaled = release.of("ScaledObject")["fleet"]["spec"]
    [trigger] = scaled["triggers"]
    assert scaled["scaleTargetRef"]["name"] == "assort-fleet"
    assert scaled["minReplicaCount"] == 1 < scaled["maxReplicaCount"]
    assert trigger["type"] == "metrics-api"
    told = {"url": "http://assort-fleet.customers.svc:9102/hosts", "valueLocation": "hosts", "targetValue": "1"}
    assert trigger["metadata"] == told
    assert "replicas" not in release.of("Deployment")["fleet"]["spec"]


@EVERY
def test_the_address_that_keda_asks_is_one_on_which_the_fleet_listens(release: Rendered) -> None:
    service = release.of("Service")["fleet"]["spec"]
    assert service["selector"].items() <= release.labels("fleet").items()
    assert [port["port"] for port in service["ports"]] == [9102]
    assert environment(release.containers()["fleet"])["ASSORT_METRICS_LISTEN"] == "0.0.0.0:9102"
    assert release.asked("fleet")[9102][0]["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "keda"
    }


def test_by_default_no_organisation_has_a_host_of_its_own(default: Rendered) -> None:
    assert not [name for name in default.of("Deployment") if name.startswith("dedicated")]


def test_an_organisation_can_have_none_one_or_more_hosts_of_its_own(everything: Rendered) -> None:
    hosts = {
        name: each["spec"]["replicas"] for name, each in everything.of("Deployment").items() if "dedicated" in name
    }
    assert hosts == {"dedicated-acme": 1, "dedicated-globex": 2, "dedicated-initech": 0}
    pod = everything.pods()["dedicated-globex"]
    assert pod["nodeSelector"] == {"owner": "globex"}
    assert pod["containers"][0]["resources"]["limits"] == {"memory": "32Gi"}


def test_a_host_of_ones_own_has_a_secret_of_its_own_and_no_file_of_anybody_else(everything: Rendered) -> None:
    container = everything.containers()["dedicated-acme"]
    assert container["envFrom"] == [{"secretRef": {"name": "assort-dedicated-acme"}}]
    files = {mount["mountPath"]: mount for mount in container["volumeMounts"] if mount["name"] == "files"}
    assert files.keys() == {"/data/tenants/0123456789abcdef", "/data/shared"}
    assert files["/data/tenants/0123456789abcdef"]["subPath"] == "tenants/0123456789abcdef"


def test_hosts_of_ones_own_are_no_part_of_what_keda_counts(everything: Rendered) -> None:
    selector = everything.of("Service")["fleet"]["spec"]["selector"]
    assert not selector.items() <= everything.labels("dedicated-acme").items()


@EVERY
def test_whoever_is_not_named_reaches_nobody_and_is_reached_by_nobody(release: Rendered) -> None:
    nothing = release.of("NetworkPolicy")["nothing"]["spec"]
    assert set(nothing["policyTypes"]) == {"Ingress", "Egress"}
    assert not nothing.keys() & {"ingress", "egress"}
    for name in release.pods():
        assert nothing["podSelector"]["matchLabels"].items() <= release.labels(name).items()


def test_each_role_reaches_what_it_needs_and_nothing_else(default: Rendered) -> None:
    servers = {NAMES, DATABASE, BROKER}
    assert {name: default.reached(name) for name in default.pods()} == {
        "gateway": servers | {PAGES},
        "web": servers | {MAIL},
        "scheduler": servers | {MAIL},
        "provisioner": servers,
        "fleet": servers,
        "migrate": servers,
        "furnish": servers,
        "registrar": {NAMES, DATABASE},
        "mlflow": {NAMES, DATABASE},
    }


def test_a_host_with_workers_reaches_database_and_broker_at_the_addresses_that_are_named(everything: Rendered) -> None:
    for host in ("fleet", "dedicated-acme"):
        rules = [rule for policy in everything.policies_of(host) for rule in policy.get("egress", ())]
        to = {port["port"]: rule["to"] for rule in rules for port in rule["ports"]}
        assert to.keys() == {NAMES, 5433, 6380}
        assert [to[5433], to[6380]] == [[{"ipBlock": {"cidr": f"10.0.{net}.0/24"}}] for net in (5, 6)]


def test_only_who_records_versions_and_shows_them_reaches_the_storage(everything: Rendered) -> None:
    assert {name for name in everything.pods() if STORAGE in everything.reached(name)} == {"registrar", "mlflow"}


@EVERY
def test_nobody_asks_a_role_but_who_is_to(release: Rendered) -> None:
    asked = {name: set(release.asked(name)) - {9102, 9103} for name in release.pods()}
    expected: dict[str, set[int]] = {name: set() for name in asked} | {"gateway": {8000}, "web": {8001}}
    if release.asked("mlflow"):
        expected["mlflow"] = {5000}
    assert asked == expected
    [gateway] = release.asked("web")[8001]
    assert gateway["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "gateway"


def test_mlflow_is_inside_the_cluster_and_asked_by_whom_the_values_name(
    default: Rendered, everything: Rendered
) -> None:
    assert default.asked("mlflow") == {}
    assert everything.asked("mlflow") == {5000: [{"namespaceSelector": {"matchLabels": {"team": "data"}}}]}
    assert "mlflow" not in str(default.of("Ingress"))


@EVERY
def test_no_process_is_root_or_gains_a_power_or_writes_to_its_own_image(release: Rendered) -> None:
    for pod in release.pods().values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            own = container["securityContext"]
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert (own["readOnlyRootFilesystem"], own["allowPrivilegeEscalation"]) == (True, False)


@EVERY
def test_no_pod_holds_a_token_of_the_cluster(release: Rendered) -> None:
    assert {pod["automountServiceAccountToken"] for pod in release.pods().values()} == {False}
    assert not {each["kind"] for each in release.objects} & {"Role", "ClusterRole", "RoleBinding", "ServiceAccount"}


@EVERY
def test_every_process_asks_for_what_it_takes_and_has_a_limit_of_memory(release: Rendered) -> None:
    for container in release.containers().values():
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert container["resources"]["limits"]["memory"]


@EVERY
def test_whoever_stays_is_asked_whether_it_lives_and_serves(release: Rendered) -> None:
    for name, container in release.containers().items():
        if name in release.of("Job"):
            continue
        paths = {probe: container[f"{probe}Probe"]["httpGet"] for probe in ("startup", "liveness", "readiness")}
        assert {probe: at["path"] for probe, at in paths.items()} == {
            "startup": "/livez", "liveness": "/livez", "readiness": "/readyz",
        }  # fmt: skip
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert environment(container)["ASSORT_HEALTH_LISTEN"] == f"0.0.0.0:{ports[paths['liveness']['port']]}"


@EVERY
def test_a_pod_may_take_longer_to_end_than_what_it_has_in_hand(release: Rendered) -> None:
    for deployment in release.of("Deployment").values():
        pod = deployment["spec"]["template"]["spec"]
        lifecycle = pod["containers"][0].get("lifecycle")
        before = int(lifecycle["preStop"]["exec"]["command"][1]) if lifecycle else 0
        assert pod["terminationGracePeriodSeconds"] >= 2 * (before + crew.GRACE_SECONDS)


@EVERY
def test_what_is_asked_waits_until_nobody_asks_any_more_before_it_ends(release: Rendered) -> None:
    waiting = {name for name, container in release.containers().items() if "lifecycle" in container}
    assert waiting == {"gateway", "web", "mlflow"}


@EVERY
def test_hosts_that_are_emptied_take_one_at_a_time_of_what_must_answer(release: Rendered) -> None:
    budgets = release.of("PodDisruptionBudget")
    hosts = {name for name in release.of("Deployment") if name.startswith("dedicated-")}
    assert budgets.keys() == {"gateway", "web", "fleet"} | hosts
    for name, budget in budgets.items():
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["selector"]["matchLabels"].items() <= release.labels(name).items()


@EVERY
def test_what_there_are_several_of_lies_on_several_machines(release: Rendered) -> None:
    for name in ("gateway", "web", "fleet"):
        [spread] = release.pods()[name]["topologySpreadConstraints"]
        assert spread["topologyKey"] == "kubernetes.io/hostname"
        assert spread["labelSelector"]["matchLabels"].items() <= release.labels(name).items()


@EVERY
def test_what_must_be_one_is_never_two(release: Rendered) -> None:
    for name in ("scheduler", "provisioner", "registrar"):
        spec = release.of("Deployment")[name]["spec"]
        assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")


@EVERY
def test_customers_files_are_one_claim_for_all_nodes_that_outlives_the_release(release: Rendered) -> None:
    claim = release.of("PersistentVolumeClaim")["files"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_only_who_works_with_files_has_them_and_workers_only_read_what_is_shared(default: Rendered) -> None:
    assert mounted(default) == {
        "gateway": {},
        "scheduler": {},
        "migrate": {},
        "web": {"tenants": "rw", "shared": "rw"},
        "furnish": {"tenants": "rw", "shared": "rw"},
        "provisioner": {"tenants": "rw"},
        "fleet": {"tenants": "rw", "shared": "ro"},
        "registrar": {"tenants": "rw", "shared": "ro", "mlflow": "rw"},
        "mlflow": {"mlflow": "ro"},
    }


def test_with_a_storage_for_recorded_versions_they_are_on_no_claim(everything: Rendered) -> None:
    assert "mlflow" not in mounted(everything)["registrar"]
    assert mounted(everything)["mlflow"] == {}
    for role in ("registrar", "mlflow"):
        told = environment(everything.containers()[role])
        assert told["ASSORT_MLFLOW_ARTIFACTS"] == "s3://recorded/assort"
        assert told["MLFLOW_S3_ENDPOINT_URL"] == "https://storage.example:9000"


@EVERY
def test_everybody_writes_to_the_two_places_that_are_given_for_it(release: Rendered) -> None:
    for container in release.containers().values():
        scratch = {mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "scratch"}
        assert scratch == {"/data", tempfile.gettempdir()}


def test_prometheus_finds_every_pod_where_it_is_told_to(default: Rendered, everything: Rendered) -> None:
    assert not default.of("PodMonitor")
    [monitor] = everything.of("PodMonitor").values()
    ports = {port["name"] for container in everything.containers().values() for port in container.get("ports", ())}
    assert {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]} <= ports


def mounted(release: Rendered) -> dict[str, dict[str, str]]:
    """Return which parts of the claim each role sees, and whether it may write there."""
    found: dict[str, dict[str, str]] = {}
    for name, container in release.containers().items():
        mounts: list[dict[str, Any]] = [mount for mount in container["volumeMounts"] if mount["name"] == "files"]
        found[name] = {mount["subPath"]: "ro" if mount["readOnly"] else "rw" for mount in mounts}
    return found
