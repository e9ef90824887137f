"""What is deployed without compose keeps its promises too: Kubernetes manifests and systemd units."""

import configparser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import ROOT

from wats_broker.roles import Role
from wats_worker.settings import load

KUBERNETES = ROOT / "deploy" / "kubernetes"
SYSTEMD = ROOT / "deploy" / "systemd"
STAGES = ("watch", "convert", "upload", "archive", "control")


def documents() -> Iterator[dict[str, Any]]:
    for file in sorted(KUBERNETES.glob("*.yaml")):
        yield from yaml.safe_load_all(file.read_text())


def of_kind(*kinds: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in documents() if one["kind"] in kinds}


def pod(name: str) -> dict[str, Any]:
    found: dict[str, Any] = of_kind("Deployment", "StatefulSet")[name]["spec"]["template"]
    return found


def container(name: str) -> dict[str, Any]:
    (only,) = pod(name)["spec"]["containers"]
    found: dict[str, Any] = only
    return found


def secrets_of(name: str) -> set[tuple[str, str]]:
    """The secrets that a pod sees: which, and which part."""
    spec = pod(name)["spec"]
    mounted = {
        (volume["secret"]["secretName"], item["key"])
        for volume in spec["volumes"]
        if "secret" in volume
        for item in volume["secret"].get("items", [{"key": "*"}])
    }
    references = (one.get("valueFrom", {}).get("secretKeyRef") for one in container(name).get("env", []))
    return mounted | {(one["name"], one["key"]) for one in references if one}


def test_every_manifest_is_part_of_the_whole():
    """A file that the kustomization does not name would be forgotten."""
    whole = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())

    assert sorted([*whole["resources"], "kustomization.yaml"]) == sorted(
        f.name for f in KUBERNETES.glob("*.yaml")
    )


@pytest.mark.parametrize("name", [*STAGES, "broker"])
def test_no_pod_may_more_than_it_needs(name):
    """As in the containers of compose: no root, no rights, nothing to write on, a bounded memory."""
    spec, main = pod(name)["spec"], container(name)

    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert main["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in main["resources"]["limits"]


@pytest.mark.parametrize("name", [*STAGES, "broker"])
def test_every_pod_is_asked_whether_it_lives(name):
    """One that hangs is started anew, one that is slow to start is not."""
    assert {"startupProbe", "livenessProbe"} <= container(name).keys()


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_comes_to_the_broker_under_its_own_name(name):
    """And sees no password but its own."""
    env = {one["name"]: one.get("value") for one in container(name)["env"]}
    passwords = {key for secret, key in secrets_of(name) if secret == "broker-passwords"}

    assert env["WATS_BROKER__URL"] == f"redis://{Role(name)}@broker:6379/0"
    assert env["WATS_BROKER__PASSWORD_FILE"] == f"/secrets/{name}.password"
    assert passwords == {f"{name}.password"}


def test_only_upload_knows_the_server_and_gets_out():
    """It alone sees the token, and it alone has the label that opens the way."""
    knows = {
        name for name in [*STAGES, "broker"] if any(secret == "server" for secret, _ in secrets_of(name))
    }
    out = {name for name in [*STAGES, "broker"] if "outside" in pod(name)["metadata"]["labels"]}
    policies = of_kind("NetworkPolicy")

    assert knows == out == {"upload"}
    assert policies["nothing"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert policies["upload"]["spec"]["podSelector"]["matchLabels"] == {"outside": "true"}


def test_the_configuration_of_the_pods_has_no_mistake(monkeypatch, tmp_path):
    """It is what the stages are given."""
    (tmp_path / "convert.password").write_text("a password")
    monkeypatch.setenv("WATS_BROKER__URL", "redis://convert@broker:6379/0")
    monkeypatch.setenv("WATS_BROKER__PASSWORD_FILE", str(tmp_path / "convert.password"))

    settings = load(KUBERNETES / "wats.toml")

    assert settings.spool.folder == Path("/data/spool")
    assert settings.broker.username == "convert"


def test_converters_are_scaled_by_a_number_that_there_is():
    """A query for a metric that nobody tells would never scale anything."""
    (scaled,) = yaml.safe_load_all((KUBERNETES / "keda" / "convert.yaml").read_text())
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]

    assert "wats_convert_backlog{" in query
    assert "`wats_convert_backlog` | `pool`" in (ROOT / "docs" / "reference" / "metrics.md").read_text()
    assert scaled["spec"]["scaleTargetRef"]["name"] in of_kind("Deployment")


def unit(name: str) -> dict[str, list[str]]:
    """The lines of a unit's [Service] section, those that come twice as well."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in (SYSTEMD / name).read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("name", ["wats-worker.service", "wats-worker-backup.service"])
def test_a_unit_is_shut_in(name):
    """The system is read-only to it, it can win no rights, and it is not root."""
    service = unit(name)

    assert service["User"] == ["wats"]
    for key in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectKernelTunables"):
        assert service[key] == ["yes"], key
    assert service["ProtectSystem"] == ["strict"]
    assert service["StateDirectory"] == ["wats-worker"]


def test_the_jail_can_be_built_in_the_unit():
    """The calls it is made of are allowed; where the filter refused them, nothing would be converted."""
    (calls,) = unit("wats-worker.service")["SystemCallFilter"]

    assert {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp"} <= {
        *calls.split()
    }


def test_the_timer_belongs_to_a_unit():
    """A backup every night, and one that was missed is made up for."""
    timer = configparser.ConfigParser()
    timer.read(SYSTEMD / "wats-worker-backup.timer")

    assert timer["Timer"]["Persistent"] == "yes"
    assert (SYSTEMD / "wats-worker-backup.service").exists()
