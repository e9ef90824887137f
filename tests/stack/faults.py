"""What happens to a stack while files arrive, one after the other; after each of them it goes on by itself."""

import time
from collections.abc import Callable
from typing import Final

from stack.rig import SERVICE, Stack, docker, reachable

Fault = Callable[[Stack], None]

#: How long a server is away.
_AWAY_S: Final = 10.0
#: How long another host stays.
_VISIT_S: Final = 10.0
#: In the order of the flow backwards, as the guide for upgrades says.
_UPGRADED: Final = ("control", "archive", "upload", "convert", "watch")


def scale_up(stack: Stack) -> None:
    """More workers, and nothing else changed."""
    stack.scales = {"convert": 4, "upload": 3}
    stack.compose("up", "--detach", "--no-recreate", "--scale", "convert=4", "--scale", "upload=3")


def scale_down(stack: Stack) -> None:
    stack.scales = {"convert": 2, "upload": 1}
    stack.compose("up", "--detach", "--no-recreate", "--scale", "convert=2", "--scale", "upload=1")


def kill(service: str, count: int = 1) -> Fault:
    """End containers as a crash does. The engine takes that for an act of a person, so a person brings them back."""

    def kills(stack: Stack) -> None:
        victims = stack.containers(service)[:count]
        docker("kill", "--signal", "KILL", *victims)
        stack.compose("up", "--detach", "--no-recreate", "--no-deps", service)

    return kills


def restart_redis(stack: Stack) -> None:
    stack.compose("restart", "redis")


def server_away(stack: Stack) -> None:
    """Its port may be another one afterwards."""
    stack.compose("kill", "simulator")
    time.sleep(_AWAY_S)
    stack.compose("start", "simulator")
    stack.forget_server()


def upgrade(stack: Stack) -> None:
    """One service after the other gets another image, with work in flight."""
    stack.version = f"{stack.name}-2"
    for service in _UPGRADED:
        stack.compose("up", "--detach", "--no-deps", service)


def another_host(stack: Stack) -> None:
    """A second project joins with workers of its own and leaves again, with work in its hands."""
    (redis,) = [one for one in stack.inspect() if one["Config"]["Labels"][SERVICE] == "redis"]
    (network,) = redis["NetworkSettings"]["Networks"].values()
    server = stack.url("simulator", 8780).removeprefix("http://")
    with reachable(f"{network['IPAddress']}:6379") as broker, reachable(server) as outside:
        other = stack.another_host(
            FIRST_HOST=broker[0],
            BROKER_PORT=str(broker[1]),
            SERVER_URL=f"http://{outside[0]}:{outside[1]}",
        )
        try:
            other.up("convert", "upload")
            time.sleep(_VISIT_S)
        finally:
            other.compose("down", "--volumes")


def lose_volumes(stack: Stack) -> None:
    """A disk dies: the spool, the archive and what Redis knew come back from a backup made while the line worked.

    What is claimed after a backup and not delivered is lost with such a disk, so the watcher stands still meanwhile.
    The server outlives it: it knows again what is sent twice.
    """
    stack.compose("stop", "watch")
    stack.compose("run", "--rm", "--no-deps", "backup")
    stack.compose("kill")
    stack.compose("--profile", "*", "down")
    volumes = docker("volume", "ls", "--quiet", "--filter", f"name=^{stack.name}_").split()
    docker("volume", "rm", *(name for name in volumes if not name.endswith("_simulator")))
    stack.lose_data()
    (backup,) = (stack.folder / "backups").glob("*.tar.gz")
    stack.compose("run", "--rm", "backup", "restore", f"/backups/{backup.name}")
    stack.up()
    stack.forget_server()


def stop_and_start(stack: Stack) -> None:
    """A machine that is restarted in order."""
    stack.compose("stop")
    stack.compose("start")
    stack.forget_server()


FAULTS: Final[dict[str, Fault]] = {
    "scale to convert=4 upload=3": scale_up,
    "kill two of convert": kill("convert", 2),
    "kill watch": kill("watch"),
    "restart redis": restart_redis,
    "lose all volumes, bring them back from a backup": lose_volumes,
    "kill one of upload": kill("upload"),
    "kill redis": kill("redis"),
    "server away": server_away,
    "another host joins and leaves": another_host,
    "upgrade each service": upgrade,
    "kill control": kill("control"),
    "kill archive": kill("archive"),
    "scale to convert=2 upload=1": scale_down,
    "stop and start everything": stop_and_start,
}
