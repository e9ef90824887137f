"""The commands that run something: the line, one stage, the simulator, the demo.

What only such a command needs is imported by it: a question should be answered at once.
"""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from wats_broker.names import Stage
from wats_worker.cli import (
    archive,
    audit,
    backup,
    broker,
    configuration,
    converters,
    files,
    health,
    numbers,
    polls,
    processes,
    queue,
    replay,
    replays,
    retention,
    sources,
    status,
    tokens,
    verify,
)
from wats_worker.cli.common import (
    Config,
    Exit,
    Json,
    console,
    fail,
    keep_secret,
    load,
    load_for_converting,
    load_for_everything,
    load_for_polling,
    say,
    unix_only,
)
from wats_worker.settings import WorkerSettings, find
from wats_worker.version import RELEASE

app = typer.Typer(
    name="wats-worker",
    help="Turns the log files of test machines into WATS reports and delivers each of them once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("status")(status.status)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("health")(health.health)
app.command("replay")(replay.replay)
app.add_typer(broker.app, name="broker")
app.add_typer(files.app, name="files")
app.add_typer(archive.app, name="archive")
app.add_typer(queue.app, name="queue")
app.add_typer(sources.app, name="sources")
app.add_typer(polls.app, name="polls")
app.add_typer(processes.app, name="processes")
app.add_typer(tokens.app, name="token")
app.add_typer(audit.app, name="audit")
app.add_typer(replays.app, name="replays")
app.add_typer(numbers.app, name="numbers")
archive.app.command("verify")(verify.verify)
archive.app.command("purge")(retention.purge)
archive.app.add_typer(retention.holds, name="hold")
app.add_typer(converters.app, name="converters")
app.add_typer(configuration.app, name="config")


def run() -> None:
    """Run the command line."""
    app()


def _version(asked: bool) -> None:
    if asked:
        console.print(f"wats-worker {RELEASE}", highlight=False)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the release.")
    ] = False,
) -> None:
    pass


@app.command()
def up(config: Config = None) -> None:
    """Run the whole line on this machine until Ctrl-C, from the broker to the archive."""
    unix_only()
    from wats_worker.app.up import run_all  # noqa: PLC0415  see above

    settings = load_for_everything(config)
    raise typer.Exit(run_all(settings, find(config)))


@app.command()
def watch(config: Config = None) -> None:
    """Watch the sources alone: claim finished files and send them on."""
    raise typer.Exit(_stage(Stage.WATCH, load(config)))


@app.command()
def convert(
    pool: Annotated[
        list[str] | None, typer.Option(help="The pools to work for; the first one's limits count.")
    ] = None,
    config: Config = None,
) -> None:
    """Run one convert worker."""
    settings = load_for_converting(config)
    pools = tuple(pool or ["convert"])
    unknown = set(pools) - set(settings.pool_names())
    if unknown:
        fail(f"there is no pool {', '.join(sorted(unknown))}; there is {', '.join(settings.pool_names())}")
    raise typer.Exit(_stage(Stage.CONVERT, settings, pools))


@app.command()
def upload(config: Config = None) -> None:
    """Run one upload worker."""
    raise typer.Exit(_stage(Stage.UPLOAD, load(config)))


@app.command()
def poll(config: Config = None) -> None:
    """Run one poll worker: ask the scheduled sources when it is time."""
    raise typer.Exit(_stage(Stage.POLL, load_for_polling(config)))


@app.command()
def beat(config: Config = None) -> None:
    """Run the clock of the scheduled sources. Of several, on any hosts, one ticks and the others stand by."""
    raise typer.Exit(_stage(Stage.BEAT, load(config)))


@app.command()
def control(config: Config = None) -> None:
    """Keep the control door open alone: what operators and tools ask and steer the line by."""
    unix_only()
    from wats_worker.app import stages  # noqa: PLC0415  see above

    raise typer.Exit(stages.run(Stage.CONTROL, load(config), config=find(config)))


@app.command()
def flower(
    login_file: Annotated[Path, typer.Option(help="A file with one line, user:password.")],
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any free one.")] = 5555,
    config: Config = None,
) -> None:
    """Run Flower, which shows every conversion, for looking only. Nobody gets in without the login."""
    unix_only()
    from wats_worker import logs  # noqa: PLC0415  see above
    from wats_worker.app.flower import NoLogin, read_login, run_flower  # noqa: PLC0415  see above
    from wats_worker.app.line import Line  # noqa: PLC0415  see above

    settings = load(config)
    logs.setup("flower", settings)
    try:
        login = read_login(login_file)
    except NoLogin as problem:
        fail(str(problem), Exit.MISCONFIGURED)
    # It counts what waits in the queues that it knows.
    line = Line(settings, Stage.CONTROL, (*settings.pool_names(), Stage.UPLOAD, Stage.POLL))
    raise typer.Exit(run_flower(line, host=host, port=port, login=login))


@app.command("console")
def operators_page(config: Config = None) -> None:
    """Serve the console alone: a page for operators, on the control door of a line."""
    raise typer.Exit(_stage(Stage.CONSOLE, load(config)))


@app.command()
def relay(
    to: Annotated[str, typer.Option(help="The broker of another machine, host:port.")],
    listen: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1:6379",
    config: Config = None,
) -> None:
    """Pass connections on to the broker of another machine, for stages that have no way out themselves."""
    unix_only()
    from wats_worker import logs  # noqa: PLC0415  see above
    from wats_worker.app.relay import NoPlace, read_place, run_relay  # noqa: PLC0415  see above

    logs.setup("relay", load(config))
    try:
        code = run_relay(read_place(listen), read_place(to))
    except NoPlace as problem:
        fail(str(problem), Exit.MISCONFIGURED)
    raise typer.Exit(code)


@app.command()
def doctor(
    preflight: Annotated[
        bool, typer.Option("--preflight", help="Exit code 0 as long as not all is in vain: before a start.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Would the line work on this machine? Exit code 0: yes. 1: not all of it. 2: no."""
    from wats_worker.cli.doctor import doctor as look  # noqa: PLC0415  see above

    found = look(config, as_json=as_json)
    # A share that is away at the moment keeps nobody else from starting; its watcher waits for it.
    raise typer.Exit(Exit.FINE if preflight and found is Exit.ATTENTION else found)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the demo's folder behind.")] = False,
    files: Annotated[int, typer.Option(min=0, help="Drop so many further files.")] = 0,
) -> None:
    """Show the whole line at work: sample files, a simulated server, and an audit at the end."""
    unix_only()
    from wats_worker.demo.run import run as run_demo  # noqa: PLC0415  see above

    raise typer.Exit(run_demo(keep=keep, files=files))


@app.command("tester")
def play_tester(
    folder: Annotated[Path, typer.Argument(help="The watch folder of a source.")],
    every: Annotated[float, typer.Option(min=0.0, help="Seconds between two logs.")] = 5.0,
    count: Annotated[int, typer.Option(min=0, help="So many logs; 0 without end.")] = 0,
    first: Annotated[int, typer.Option(min=0, help="Number of the first unit.")] = 0,
) -> None:
    """Play a tester: write one log after another into a folder, for trials."""
    from wats_worker.demo.tester import run as run_tester  # noqa: PLC0415  see above

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        written = run_tester(folder, every_s=every, count=count, first=first, stop=stop)
    except OSError as error:
        fail(f"{folder} can't be written to: {error.strerror}")
    say(f"{written} logs written")


@app.command()
def simulator(
    store: Annotated[Path, typer.Option(help="The file that keeps the reports.")] = Path("simulator.sqlite"),
    port: Annotated[int | None, typer.Option(help="0 takes any free one.")] = None,
    config: Config = None,
) -> None:
    """Run a WATS server for trials here. Its tokens lie beside the store, readable for you alone."""
    from wats_worker.simulator import settings as simulated  # noqa: PLC0415  see above
    from wats_worker.simulator.server import serve  # noqa: PLC0415  see above

    settings = load(config).simulator
    token, control = keep_secret(Path(f"{store}.token")), keep_secret(Path(f"{store}.control-token"))

    def ready(url: str) -> None:
        console.print(f"WATS simulator on {url}\n  token in {store}.token", highlight=False)

    serve(
        simulated.SimulatorSettings(
            store=store,
            tokens=(simulated.Token(token),),
            control_token=control,
            host=settings.host,
            port=settings.port if port is None else port,
            mode=simulated.Mode(settings.mode),
            rate=settings.requests_per_minute,
            max_body=settings.max_body_bytes,
            processing_delay_s=settings.processing_delay_s,
        ),
        ready=ready,
    )


def _stage(stage: Stage, settings: WorkerSettings, pools: tuple[str, ...] = ()) -> int:
    unix_only()
    from wats_worker.app import stages  # noqa: PLC0415  see above

    return stages.run(stage, settings, pools)
