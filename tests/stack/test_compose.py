"""What compose.yaml promises, read without an engine: who is shut in how, who reaches whom, who knows what.

What it does when it runs, `make stack-test` shows.
"""

import os
import re
import shutil
import subprocess
import tomllib

import pytest
import typer
import yaml
from support import ROOT

from wats_broker.roles import Role
from wats_worker import settings as configuration
from wats_worker.app.shift import GRACE_S
from wats_worker.cli.main import app

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("wats-worker:")}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
KNOBS = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
VARIABLES = re.findall(r"\$\{([A-Z_]+)(:[-?][^}]*)?\}", (ROOT / "compose.yaml").read_text())


def who(key: str, value: str) -> set[str]:
    """The services that have a network or a secret."""
    return {
        name
        for name, service in SERVICES.items()
        if value in [one if isinstance(one, str) else one["source"] for one in service.get(key, ())]
    }


def mounts(service: str) -> dict[str, bool]:
    """Where something of the machine or of another container lies in this one, and whether it can be written."""
    found = {}
    for mount in SERVICES[service].get("volumes", ()):
        if isinstance(mount, str):
            found[mount.split(":")[1]] = not mount.endswith(":ro")
        else:
            found[mount["target"]] = not mount.get("read_only", False)
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_shut_in(name):
    """A plain user, nothing to write on but what it needs, no rights, and an end to what it may take."""
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert not str(service["user"]).startswith(("0", "root"))
    assert limits.keys() == {"cpus", "memory", "pids"}
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & service.keys()
    assert all("noexec" in place and "size=" in place for place in service.get("tmpfs", ()))


@pytest.mark.parametrize("name", SERVICES)
def test_no_port_is_open_to_the_network(name):
    """What people look at is on this machine's own address; Redis is not even there."""
    ports = SERVICES[name].get("ports", ())

    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert not (name == "redis" and ports)


def test_only_what_brings_reports_away_gets_out():
    """The broker's network has no way out; what people look at has no address that anybody would answer to."""
    assert who("networks", "outside") == {"upload", "poll", "simulator"}
    assert COMPOSE["networks"]["broker"] == COMPOSE["networks"]["metrics"] == {"internal": True}
    assert COMPOSE["networks"]["desk"]["driver_opts"] == {
        "com.docker.network.bridge.enable_ip_masquerade": "false"
    }
    for name in ("redis", "doctor", "watch", "convert", "convert-heavy", "control", "beat"):
        assert SERVICES[name]["networks"] == ["broker"]
    assert SERVICES["users"]["network_mode"] == SERVICES["tester"]["network_mode"] == "none"


def test_only_upload_knows_the_token_of_the_server():
    """Besides the server for trials, which has to know it, too."""
    assert who("secrets", "server-token") == {"upload", "simulator"}


def test_each_stage_comes_to_redis_under_its_own_name():
    """With its own password and nobody else's; only who writes the list of users has all of them."""
    for name, service in OURS.items():
        url = service.get("environment", {}).get("WATS_BROKER__URL", "")
        role = url.removeprefix("redis://").partition("@")[0]
        mine = {secret["source"] for secret in service.get("secrets", ()) if isinstance(secret, dict)}
        known = {secret for secret in mine if secret.startswith("broker-")}

        assert name == "users" or known == ({f"broker-{role}"} if role else set())
    assert {f"{role}.password" for role in Role} == {
        secret["target"] for secret in SERVICES["users"]["secrets"]
    }


def test_the_console_knows_nobody_and_nothing():
    """It has the door's socket, and neither a way to Redis nor the operator's token."""
    assert mounts("console") == {"/etc/wats-worker": False, "/door": True}
    assert SERVICES["console"]["networks"] == ["desk"]
    assert "secrets" not in SERVICES["console"]


def test_secrets_are_files_and_stand_in_no_environment():
    """Whoever may inspect a container reads its environment and its command."""
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    for service in SERVICES.values():
        told = service.get("environment", {})
        hidden = [name for name in told if re.search("TOKEN|PASSWORD|SECRET|KEY", name)]
        assert all(name.endswith("_FILE") and told[name].startswith("/run/secrets/") for name in hidden)


@pytest.mark.parametrize("name", ["convert", "convert-heavy"])
def test_a_converter_has_the_spool_and_nothing_else(name):
    """It reads what strangers wrote: no inbox, no door, no token, and a configuration that it can't change."""
    assert mounts(name) == {"/data": True, "/etc/wats-worker": False}
    assert SERVICES[name]["networks"] == ["broker"]


def test_nobody_changes_the_configuration():
    """Not even the door: what is in force is what a person wrote."""
    assert all(not mounts(name).get("/etc/wats-worker", False) for name in SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_work_in_hand_is_finished_before_a_container_is_killed(name):
    """A stage hands back after its grace time, which takes some seconds more."""
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) >= GRACE_S + 20


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_of_ours(name):
    """With options that it has."""
    words = [str(word) for word in SERVICES[name]["command"]]
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]

    assert command.name != app.info.name
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_a_stage_waits_for_the_broker_and_for_the_doctor():
    """The doctor says what is missing before anything is taken."""
    stages = OURS.keys() - {"users", "doctor", "console", "simulator", "tester"}

    for name in stages:
        assert SERVICES[name]["depends_on"] == {
            "redis": {"condition": "service_healthy"},
            "doctor": {"condition": "service_completed_successfully"},
        }
    once = {"users", "doctor", "backup"}
    assert {SERVICES[name]["restart"] for name in SERVICES.keys() - once} == {"unless-stopped"}
    assert {SERVICES[name]["restart"] for name in once} == {"no"}


def test_whatever_stays_says_how_it_is():
    """By a check that asks it, or by that of the image: whether the stage wrote its heartbeat."""
    for name in SERVICES.keys() - {"users", "doctor", "backup"}:
        assert name in OURS or "healthcheck" in SERVICES[name]
        assert not SERVICES[name].get("healthcheck", {}).get("disable")


def override(name):
    """A file of the folder stack that comes after compose.yaml."""
    return yaml.safe_load((ROOT / "stack" / name).read_text().replace("!override ", ""))


def test_with_tls_nobody_speaks_openly_any_more():
    """Each comes under the same name as without."""
    secured = {
        name: (service["environment"]["WATS_BROKER__URL"], service["environment"]["WATS_BROKER__CA_FILE"])
        for name, service in override("tls.yaml")["services"].items()
        if name != "redis"
    }

    ca_file = "/etc/wats-worker/broker-ca.pem"
    assert secured == {
        name: (service["environment"]["WATS_BROKER__URL"].replace("redis:", "rediss:", 1), ca_file)
        for name, service in SERVICES.items()
        if "WATS_BROKER__URL" in service.get("environment", {})
    }
    command = override("tls.yaml")["services"]["redis"]["command"]
    assert command[command.index("--port") + 1] == "0"
    assert command[: len(SERVICES["redis"]["command"])] == SERVICES["redis"]["command"]


def test_whoever_has_the_spool_is_told_of_the_object_store():
    """And holds its keys; nobody else does."""
    services = override("object-store.yaml")["services"]
    relay = services.pop("store")

    assert services.keys() == {name for name in OURS if mounts(name).get("/data") and name != "simulator"}
    assert all(
        service["secrets"] == ["store-access-key", "store-secret-key"] for service in services.values()
    )
    assert set(relay["networks"]) == {"broker", "outside"}
    assert "secrets" not in relay
    assert (relay["read_only"], relay["cap_drop"]) == (True, ["ALL"])


def test_profiles_are_those_that_the_knobs_name():
    """And what is started without any is the line, its door, and Flower."""
    text = (ROOT / ".env.example").read_text()
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", ())}

    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {
        "users", "redis", "doctor", "watch", "convert", "upload", "archive", "control", "console", "flower",
    }  # fmt: skip
    assert all(profile in text for profile in profiles)


def test_every_knob_turns_something():
    """What has no default says what to write; what .env.example shows has the default of compose.yaml."""
    defaults = {name: rest.removeprefix(":-") for name, rest in VARIABLES if rest.startswith(":-")}

    assert [name for name, rest in VARIABLES if not rest.startswith((":-", ":?"))] == []
    assert KNOBS.keys() - {name for name, _ in VARIABLES} == {"COMPOSE_PROFILES"}
    assert {name for name, rest in VARIABLES if rest.startswith(":?")} <= KNOBS.keys()
    assert {
        name: value for name, value in KNOBS.items() if name in defaults and value != defaults[name]
    } == {}


def test_the_image_has_the_version_of_the_project():
    """One version for all roles, in the image's name and in its labels."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert {service["image"] for service in OURS.values()} == {f"wats-worker:${{VERSION:-{version}}}"}
    assert f"ARG VERSION={version}\n" in DOCKERFILE


def test_redis_keeps_what_it_has():
    """Over a restart, and when it is full."""
    said = dict(
        line.split(maxsplit=1)
        for line in (ROOT / "stack/redis.conf").read_text().splitlines()
        if line and not line.startswith("#")
    )

    assert said["appendonly"] == "yes"
    assert said["maxmemory-policy"] == "noeviction"
    assert said["aclfile"] == "/broker/users"
    assert mounts("redis")["/broker"] is False


def test_the_first_configuration_can_be_used(monkeypatch):
    """Nothing in it is a mistake, and its source lies in the inbox."""
    monkeypatch.setenv("WATS_SERVER__URL", "http://simulator:8780")
    settings = configuration.load(ROOT / "stack/wats.toml")

    assert [str(source.folder) for source in settings.sources] == ["/inbox/bench"]
    assert str(settings.scratch_folder()) == "/scratch"
    assert settings.spool.folder.is_relative_to("/data")
    assert settings.control_folder().is_relative_to("/operator")
    assert settings.audit_folder().is_relative_to("/audit")
    assert "convert.heavy" in settings.pool_names()


def test_the_image_runs_as_nobody_and_is_made_of_locked_packages():
    """The last stage has no tools, and the first line asks no registry for a frontend."""
    stages = DOCKERFILE.split("\nFROM ")

    assert not DOCKERFILE.startswith("# syntax")
    assert DOCKERFILE.count("--require-hashes") == 2
    assert "USER 10001:10001" in stages[-1]
    assert "pip uninstall" in stages[-1]
    assert "HEALTHCHECK" in stages[-1]
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


@pytest.fixture
def factory(tmp_path):
    """A checkout in which ``make factory`` was called."""
    for name in ("compose.yaml", ".env.example"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "stack", tmp_path / "stack")
    shutil.copytree(ROOT / "monitoring", tmp_path / "monitoring")
    subprocess.run([tmp_path / "stack/factory"], check=True, capture_output=True)
    return tmp_path


def test_a_factory_is_made_with_secrets_of_its_own(factory):
    """Every one that compose.yaml names, in a folder that nobody else may enter; nothing is made twice."""

    def secrets():
        folder = factory / "secrets"
        return {f"./{file.relative_to(factory)}": file for file in folder.rglob("*") if file.is_file()}

    before = {name: file.read_text() for name, file in secrets().items()}
    (factory / "factory/wats.toml").write_text("# mine\n")

    subprocess.run([factory / "stack/factory"], check=True, capture_output=True)

    assert before.keys() == {secret["file"] for secret in COMPOSE["secrets"].values()}
    assert (factory / "secrets").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in secrets().values()} == {0o644}
    assert {name: file.read_text() for name, file in secrets().items()} == before
    assert len(set(before.values())) == len(before)
    assert (factory / "factory/wats.toml").read_text() == "# mine\n"


def test_compose_finds_nothing_wrong(factory):
    """With the client's own eyes, where there is one. Without the server's address it says what to do."""
    asked = ["docker", "compose", "version"]
    if not shutil.which("docker") or subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("needs the docker compose client")
    outside = {
        name: value
        for name, value in os.environ.items()
        if name not in KNOBS and not name.startswith("COMPOSE_")
    }

    def config(*files, **knobs):
        return subprocess.run(
            [
                "docker",
                "compose",
                *(f"--file={file}" for file in files),
                "--profile",
                "*",
                "config",
                "--quiet",
            ],
            cwd=factory,
            env=outside | knobs,
            capture_output=True,
            text=True,
            check=False,
        )

    knobs = {"SERVER_URL": "https://plant.example.com", "BROKER_LISTEN": "10.0.0.5", "FIRST_HOST": "10.0.0.5"}
    store = {
        "STORE_URL": "s3://a-bucket/a",
        "STORE_ENDPOINT": "http://store:9000",
        "STORE_ADDRESS": "10.0.0.6:9000",
    }
    clean = [
        config(**knobs),
        *(
            config("compose.yaml", *files, **knobs, **store)
            for files in (
                ["stack/tls.yaml"],
                ["stack/first-host.yaml"],
                ["stack/tls.yaml", "stack/first-host.yaml", "stack/object-store.yaml"],
                ["stack/another-host.yaml"],
                ["stack/tls.yaml", "stack/another-host.yaml", "stack/object-store.yaml"],
            )
        ),
    ]
    without = config()

    assert [(done.returncode, done.stderr) for done in clean] == [(0, "")] * len(clean)
    assert "write the address of your WATS server into .env" in without.stderr
