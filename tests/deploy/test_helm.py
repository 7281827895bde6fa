"""The Helm chart, rendered by Helm and held against the schemas of Kubernetes, and against our own settings."""

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft7Validator

from service.settings import read_settings
from tests.deploy.places import DEPLOY, read_yaml
from tests.real.parts import read_parts

CHART = DEPLOY / "helm" / "voltpass"
VALUES: dict[str, Path | None] = {
    "default": None,
    "small": CHART / "ci" / "small.yaml",
    "full": CHART / "ci" / "full.yaml",
}
ROLES = ("migrate", "consume", "settle", "serve")
KUBERNETES = ("1.29", "1.33", "1.34")
# Written from the documentation of the operators: what they ask for, and nothing that they do not know.
OUR_SCHEMAS = read_yaml(Path(__file__).parent / "operator_schemas.yaml")

pytestmark = pytest.mark.real
every_values = pytest.mark.parametrize("values", VALUES)


def helm(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run Helm."""
    program = read_parts(os.environ).helm
    if program is None:
        pytest.skip("no Helm here: TEST_REAL_WITH_HELM=1 tests/real/provision.sh builds it")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@cache
def manifests(values: str, version: str = "1.33") -> tuple[dict[str, Any], ...]:
    """Return what Kubernetes would be given."""
    path = VALUES[values]
    chosen: list[str | Path] = [] if path is None else ["--values", path]
    done = helm("template", "voltpass", CHART, "--kube-version", version, *chosen)
    assert done.returncode == 0, done.stderr
    return tuple(one for one in yaml.safe_load_all(done.stdout) if one)


def of_kind(values: str, *kinds: str) -> list[dict[str, Any]]:
    return [one for one in manifests(values) if one["kind"] in kinds]


def pods(values: str) -> dict[str, dict[str, Any]]:
    """Return the pod of each role."""
    found = of_kind(values, "Job", "StatefulSet", "Deployment")
    return {
        one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"]["template"]["spec"]
        for one in found
    }


def environment(pod: dict[str, Any]) -> dict[str, str]:
    (container,) = pod["containers"]
    return {one["name"]: one.get("value", "a-pod-0") for one in container["env"]}


@every_values
def test_the_linter_has_nothing_to_say(values: str) -> None:
    path = VALUES[values]
    chosen: list[str | Path] = [] if path is None else ["--values", path]

    done = helm("lint", "--strict", CHART, *chosen)

    assert done.returncode == 0, done.stdout + done.stderr


@every_values
@pytest.mark.parametrize("version", KUBERNETES)
def test_every_manifest_is_one_of_kubernetes(values: str, version: str) -> None:
    for one in manifests(values, version):
        if one["kind"] in OUR_SCHEMAS:
            Draft7Validator(OUR_SCHEMAS[one["kind"]]).validate(one)
        else:
            kubernetes_validate.validate(one, version, strict=True)


@every_values
def test_every_role_has_a_pod(values: str) -> None:
    assert pods(values).keys() == set(ROLES)


@every_values
@pytest.mark.parametrize("role", ROLES)
def test_a_pod_has_no_more_rights_than_it_needs(values: str, role: str) -> None:
    pod = pods(values)[role]

    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in [*pod["initContainers"], *pod["containers"]]:
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        written = {one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")}
        assert written <= {"/tmp", "/var/cache/numba"}


@every_values
@pytest.mark.parametrize("role", ROLES)
def test_what_a_container_mounts_is_there(values: str, role: str) -> None:
    pod = pods(values)[role]

    volumes = {one["name"] for one in pod["volumes"]}

    for container in [*pod["initContainers"], *pod["containers"]]:
        assert {one["name"] for one in container["volumeMounts"]} <= volumes


@every_values
@pytest.mark.parametrize("role", ROLES)
def test_settings_of_a_role_are_accepted_with_its_secrets(
    values: str, role: str, tmp_path: Path
) -> None:
    pod = pods(values)[role]
    (secrets,) = (one["projected"] for one in pod["volumes"] if one["name"] == "secrets")
    for source in secrets["sources"]:
        for item in source["secret"]["items"]:
            (tmp_path / item["path"]).write_text("postgresql://somebody:x@database:5432/voltpass")
    named = {k: v for k, v in environment(pod).items() if k.startswith("VOLTPASS_")}

    settings = read_settings(named | {"VOLTPASS_SECRETS_DIR": str(tmp_path)})

    assert settings.database_dsn
    if role == "serve":
        assert settings.auth != "none"
        assert settings.api_host == "0.0.0.0"  # noqa: S104 (of the container)
    if role == "consume":
        assert settings.group_instance == "a-pod-0"


@every_values
def test_the_owner_of_the_schema_is_known_to_the_migration_alone(values: str) -> None:
    for role, pod in pods(values).items():
        names = re.findall(r"'name': '([\w-]*owner)'", str(pod["volumes"]))
        assert bool(names) == (role == "migrate")


@every_values
def test_a_member_of_the_group_has_the_name_of_its_pod(values: str) -> None:
    (consume,) = of_kind(values, "StatefulSet")
    (container,) = consume["spec"]["template"]["spec"]["containers"]

    (instance,) = (one for one in container["env"] if one["name"] == "VOLTPASS_GROUP_INSTANCE")

    assert instance["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


@every_values
@pytest.mark.parametrize("role", ["consume", "settle", "serve"])
def test_probes_ask_where_the_role_answers(values: str, role: str) -> None:
    (container,) = pods(values)[role]["containers"]
    (port,) = container["ports"]
    named = environment(pods(values)[role])

    setting = "VOLTPASS_API_PORT" if role == "serve" else "VOLTPASS_METRICS_PORT"

    assert named[setting] == str(port["containerPort"])
    for probe, path in {"startup": "healthz", "liveness": "healthz", "readiness": "readyz"}.items():
        asked = container[f"{probe}Probe"]["httpGet"]
        assert asked == {"path": f"/{path}", "port": port["name"]}


@every_values
def test_whatever_selects_pods_selects_some(values: str) -> None:
    selecting = of_kind(values, "Service", "NetworkPolicy", "PodDisruptionBudget")
    labels = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in of_kind(values, "Job", "StatefulSet", "Deployment")
    ]

    for one in selecting:
        spec = one["spec"]
        wanted = spec.get("podSelector") or spec["selector"]
        wanted = wanted.get("matchLabels", wanted)
        matching = [label for label in labels if wanted.items() <= label.items()]
        assert len(matching) == 1, one["metadata"]["name"]


def test_the_migration_runs_before_everything_and_may_reach_the_database_then() -> None:
    (job,) = of_kind("full", "Job")
    (policy,) = (
        one
        for one in of_kind("full", "NetworkPolicy")
        if one["metadata"]["name"].endswith("-migrate")
    )
    hooks = [one["metadata"]["annotations"] for one in (policy, job)]

    assert [one["helm.sh/hook"] for one in hooks] == ["pre-install,pre-upgrade"] * 2
    weights = [int(one["helm.sh/hook-weight"]) for one in hooks]
    assert weights == sorted(weights)
    assert weights[0] < weights[1]
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]  # not made yet


def test_only_consumers_reach_kafka_and_nobody_calls_a_migration() -> None:
    policies = {
        one["metadata"]["name"].rpartition("-")[2]: one["spec"]
        for one in of_kind("full", "NetworkPolicy")
    }

    reaching = {
        role
        for role, spec in policies.items()
        if any(port["port"] == 9093 for rule in spec["egress"] for port in rule["ports"])
    }

    assert policies.keys() == set(ROLES)
    assert reaching == {"consume"}
    assert policies["migrate"]["ingress"] == []
    assert all("to" in rule for spec in policies.values() for rule in spec["egress"][1:])


def test_keda_decides_the_number_of_consumers_by_each_topic() -> None:
    (scaled,) = of_kind("full", "ScaledObject")
    (consume,) = of_kind("full", "StatefulSet")

    assert scaled["spec"]["scaleTargetRef"]["name"] == consume["metadata"]["name"]
    assert "replicas" not in consume["spec"]
    triggers = scaled["spec"]["triggers"]
    topics = [trigger["metadata"]["topic"] for trigger in triggers]
    assert topics == ["voltpass.readings", "voltpass.readings-2"]
    assert {trigger["metadata"]["consumerGroup"] for trigger in triggers} == {"voltpass"}


def test_the_operator_gets_the_same_rules_as_the_compose_file() -> None:
    (rule,) = of_kind("full", "PrometheusRule")

    assert rule["spec"] == read_yaml(DEPLOY / "prometheus" / "alerts.yml")


def test_scraped_roles_have_the_names_that_the_rules_know() -> None:
    rules = (DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8")

    jobs = {
        one["spec"]["endpoints"][0]["relabelings"][0]["replacement"]
        for one in of_kind("full", "ServiceMonitor")
    }

    assert jobs == set(re.findall(r"job_name: (voltpass-\w+)", rules))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"settings": {"VOLTPASS_KAFKA_SASL_PASSWORD": "x"}}, "SASL_PASSWORD"),
        ({"settings": {"VOLTPASS_DATABASE_DSN": "postgresql://x"}}, "DATABASE_DSN"),
        ({"settings": {"VOLTPASS_API_HOST": "127.0.0.1"}}, "API_HOST"),
        ({"auth": "none"}, "auth"),
        ({"kafka": {"bootstrap": "kafka"}}, "bootstrap"),
        ({"kafka": {"saslMechanism": "PLAIN"}}, "saslSecret"),
        ({"ingress": {"enabled": True, "host": "a.example"}}, "tlsSecret"),
        ({"consume": {"replica": 3}}, "replica"),
        ({"database": {"password": "x"}}, "password"),
    ],
)
def test_wrong_values_are_refused_and_named(
    wrong: dict[str, Any], said: str, tmp_path: Path
) -> None:
    (tmp_path / "wrong.yaml").write_text(json.dumps(wrong))

    done = helm("template", "x", CHART, "--kube-version", "1.33", "-f", tmp_path / "wrong.yaml")

    assert done.returncode != 0
    assert said in done.stderr
