"""What has to be so in a running stack, whatever the weather. Each proof gives its troubles; none is good."""

import json
from collections.abc import Callable, Iterator
from typing import Final

import httpx
from stack.rig import SERVICE, Stack
from support import wait_until

Proof = Callable[[Stack], Iterator[str]]

#: Tries to get out by name and by number, and to write, and tells who it is.
_PROBE: Final = r"""
import json, os, socket, pathlib
def reaches(host, port):
    try:
        socket.create_connection((host, port), 3).close()
    except OSError as error:
        return ""
    return f"{host}:{port}"
def writes(path):
    try:
        pathlib.Path(path, "probe").write_text("x")
    except OSError:
        return ""
    return path
status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
print(json.dumps({
    "reached": [*filter(None, (reaches(*place) for place in PLACES))],
    "written": [*filter(None, map(writes, ("/", "/etc/wats-worker", "/opt/wats-worker", "/usr/local/bin")))],
    "secrets": sorted(os.listdir("/run/secrets")) if os.path.isdir("/run/secrets") else [],
    "environment": list(os.environ.values()),
    "uid": os.getuid(), "capabilities": status["CapEff"], "no_new_privileges": status["NoNewPrivs"],
    "seccomp": status["Seccomp"],
    "tools": [name for name in ("pip", "gcc", "apt-get", "curl") if any(
        os.access(os.path.join(folder, name), os.X_OK) for folder in os.environ["PATH"].split(":"))],
}))
"""


def isolation(stack: Stack) -> Iterator[str]:
    """Nobody but upload reaches the server or the world, or knows the token; nobody can write where it must not."""
    (simulator,) = [one for one in stack.inspect() if one["Config"]["Labels"][SERVICE] == "simulator"]
    addresses = [network["IPAddress"] for network in simulator["NetworkSettings"]["Networks"].values()]
    # The last is an address of the world; on a machine without a way there it says less than the others.
    places = [("simulator", 8780), *((address, 8780) for address in addresses), ("1.1.1.1", 443)]
    allowed = {
        **{stage: {"broker-password"} for stage in ("convert", "watch", "archive", "control")},
        "console": set(),
        "flower": {"broker-password", "flower-login"},
        "upload": {"broker-password", "server-token"},
    }
    for service, secrets in allowed.items():
        told = json.loads(stack.python(service, f"PLACES = {places!r}\n{_PROBE}"))
        if service == "upload" and not told["reached"]:
            yield "upload reaches no server"
        if service != "upload" and told["reached"]:
            yield f"{service} reaches {told['reached']}"
        if told["written"]:
            yield f"{service} writes to {told['written']}"
        if set(told["secrets"]) != secrets:
            yield f"{service} has the secrets {told['secrets']}"
        if stack.secret("server-token") in told["environment"]:
            yield f"{service} has the token in its environment"
        if (told["uid"], told["capabilities"].strip("0"), told["no_new_privileges"], told["seccomp"]) != (
            told["uid"] or -1, "", "1", "2",
        ):  # fmt: skip
            yield f"{service} is not shut in: {told}"
        if set(told["tools"]) - {"apt-get"}:
            yield f"{service} has {told['tools']}"


def nothing_to_inspect(stack: Stack) -> Iterator[str]:
    """No secret in what the engine tells of a container, nor in any command line; and every limit is in force."""
    found = stack.inspect()
    text = json.dumps(found)
    told = stack.compose("top")
    for file in (stack.folder / "secrets").rglob("*"):
        if file.is_file() and file.read_text().strip() in text:
            yield f"{file.name} stands in docker inspect"
        if file.is_file() and file.read_text().strip() in told:
            yield f"{file.name} stands in a command line"
    for one in found:
        if one["HostConfig"]["Privileged"] or not one["HostConfig"]["Init"]:
            yield f"{one['Name']} is privileged"
        limits = one["HostConfig"]
        if not (limits["Memory"] and limits["NanoCpus"] and limits["PidsLimit"] and limits["ReadonlyRootfs"]):
            yield f"{one['Name']} has no limits"


def jail(stack: Stack) -> Iterator[str]:
    """Conversions run in the strictest jail, as the workers say themselves and as the doctor finds."""
    workers = [one for one in stack.ask("status")["workers"] if one["stage"] == "convert"]
    if not workers or {one["jail"] for one in workers} != {"strict"}:
        yield f"the jails of the convert workers are {[one['jail'] for one in workers]}"
    looks = json.loads(
        stack.compose("exec", "--no-TTY", "convert", "wats-worker", "doctor", "--json", check=False)
    )
    (level,) = [look for look in looks if (look["area"], look["what"]) == ("jail", "level")]
    if not level["found"].startswith("strict can be had"):
        yield f"the doctor finds in convert: {level['found']}"


def flower(stack: Stack) -> Iterator[str]:
    """Nobody looks without the login, and nobody acts with it."""
    login = tuple(stack.secret("flower-login").split(":"))
    with httpx.Client(base_url=stack.url("flower", 5555), timeout=60) as client:
        for page in ("/", "/api/workers", "/api/tasks", "/metrics"):
            codes = client.get(page).status_code, client.get(page, auth=login).status_code
            if codes != (401, 200):
                yield f"Flower's {page} answers {codes} without and with the login"
        code = client.post("/api/worker/shutdown/anybody", auth=login).status_code
        if code != 403:
            yield f"Flower answers {code} to an act"


def prometheus(stack: Stack) -> Iterator[str]:
    """It reads the line's numbers."""
    stack.up("metrics", "prometheus", COMPOSE_PROFILES="demo,monitoring")
    with httpx.Client(base_url=stack.url("prometheus", 9090), timeout=60) as client:

        def scraped() -> bool:
            found = client.get("/api/v1/query", params={"query": "wats_broker_up"}).json()["data"]["result"]
            return bool(found) and found[0]["value"][1] == "1"

        wait_until(scraped, what="Prometheus to know that the broker is up", timeout=120)
        rules = client.get("/api/v1/rules").json()["data"]["groups"]
    if not rules:
        yield "Prometheus has no alarms"


def console(stack: Stack) -> Iterator[str]:
    """It answers, and shows nothing before somebody logs in."""
    with httpx.Client(base_url=stack.url("console", 8043), timeout=60) as client:
        codes = client.get("/health").status_code, client.get("/").status_code
    if codes != (200, 401):
        yield f"the console answers {codes} to whoever asks for its health and its page"


def health(stack: Stack) -> Iterator[str]:
    """The door says that the line does its work."""
    found = stack.ask("health")
    if not found["healthy"]:
        yield f"not healthy: {found['failing']}"


PROOFS: Final[dict[str, Proof]] = {
    "isolation": isolation,
    "nothing to inspect": nothing_to_inspect,
    "jail": jail,
    "flower": flower,
    "console": console,
    "prometheus": prometheus,
    "health": health,
}
