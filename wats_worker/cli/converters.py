"""``wats-worker converters``: which there are, a new one, one tried or looked through, a mapping drafted."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.resources import files as package_files
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from wats_worker.cli.common import (
    Config,
    Exit,
    Json,
    console,
    door,
    fail,
    from_line,
    load,
    print_json,
    problems,
    say,
    write_new,
)
from wats_worker.control.models.converters import ConverterCard

app = typer.Typer(help="Look at converters, write one, try one.", no_args_is_help=True)

#: What a person may call a new converter.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@app.command("list")
def list_(config: Config = None, as_json: Json = False) -> None:
    """List every converter. Exit code 1 if one had to be set aside.

    Those of the running line, or where none runs, those that this configuration gives.
    """
    settings = load(config)
    answer = from_line(settings, lambda control: control.converters())
    if answer is not None:
        cards = answer.converters
    else:
        from wats_worker.app.neighbours import Roll  # noqa: PLC0415  see cli/main.py

        cards = Roll(settings).cards()
    if as_json:
        print_json([card.model_dump(mode="json") for card in cards])
    else:
        _print(cards)
    raise typer.Exit(Exit.ATTENTION if any(card.state == "set aside" for card in cards) else Exit.FINE)


def _print(cards: Sequence[ConverterCard]) -> None:
    table = Table()
    for heading in ("name", "title", "version", "comes from", "jail", "state"):
        table.add_column(heading, overflow="fold")
    for card in cards:
        doubts = f", {len(card.findings)} findings of the audit" if card.findings else ""
        row = (card.name or "", card.title, card.version, card.origin, card.jail, card.state + doubts)
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    for card in cards:
        if card.reason:
            say(f"{card.name or card.origin}: {card.reason}")


@app.command()
def disable(
    name: Annotated[str, typer.Argument(help="A converter.")],
    reason: Annotated[str, typer.Argument()] = "by an operator",
    config: Config = None,
) -> None:
    """Use a converter no more, on all hosts and until it is enabled again. No restart is needed."""
    with door(config) as control:
        control.disable_converter(name, reason=reason)
    say(f"{name} converts nothing any more.")


@app.command()
def enable(name: Annotated[str, typer.Argument(help="A converter.")], config: Config = None) -> None:
    """Use a converter again."""
    with door(config) as control:
        switched = control.enable_converter(name)
    say(f"{name} converts again." if switched.changed else f"{name} was not disabled here.")


@app.command()
def reload(config: Config = None) -> None:
    """Have every worker on every host load its converters and their libraries anew before the next file.

    A plugin that was changed is exchanged without this; a library that was installed anew is not.
    """
    with door(config) as control:
        ready = control.reload_converters().converters
    say(f"{ready} converters are loaded anew.")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Small letters, digits and hyphens, such as acme-ict.")],
    folder: Annotated[Path | None, typer.Option(help="Where to. Else the plugin folder, else here.")] = None,
    config: Config = None,
) -> None:
    """Write a small converter that works, and its test, to start from."""
    from wats_worker.converters.registry import bundled  # noqa: PLC0415  as above

    if not _NAME.fullmatch(name) or name == "auto":
        fail(f"{name!r} is no name for a converter: small letters, digits and hyphens, and a letter first")
    if name in bundled():
        fail(f"{name!r} is the name of a converter that comes with wats-worker; give it another")
    place = folder or load(config).convert.plugins or Path.cwd()
    module = name.replace("-", "_")
    written = [
        _write(place / f"{module}.py", "converter.txt", name, module),
        _write(place / f"test_{module}.py", "test.txt", name, module),
    ]
    for path in written:
        console.print(str(path), highlight=False, markup=False, soft_wrap=True)
    console.print(
        f'\nIts test:  python -m pytest {written[1]}\nIn use:    [convert] plugins = "{place.absolute()}"',
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


@app.command()
def audit(
    paths: Annotated[list[Path], typer.Argument(help="Modules, or folders of them.", exists=True)],
    as_json: Json = False,
) -> None:
    """Say what in a converter won't work in the jail or shouldn't be there. Exit code 1 if anything is found.

    Advice for those who mean well. It is the kernel that keeps converters in, not this.
    """
    from wats_worker.sandbox.audit import audit as look  # noqa: PLC0415  as above

    modules = list(_modules(paths))
    if not modules:
        fail("there is no Python file in it")
    found: list[dict[str, Any]] = []
    for module in modules:
        try:
            findings = look(module.read_bytes(), str(module))
        except (SyntaxError, OSError) as error:
            line = getattr(error, "lineno", None)
            found.append({"file": str(module), "line": line, "rule": "unreadable", "what": str(error)})
            continue
        found += [asdict(finding) for finding in findings]
    if as_json:
        print_json(found)
    else:
        for one in found:
            console.print(_advice(one), highlight=False, markup=False, soft_wrap=True)
        problems.print(f"{len(modules)} looked through, {len(found)} findings", highlight=False)
    raise typer.Exit(Exit.ATTENTION if found else Exit.FINE)


@app.command("test")
def try_(
    file: Annotated[Path, typer.Argument(help="A log file, or the folder of one unit.", exists=True)],
    converter: Annotated[str | None, typer.Option(help="Who converts it. Else whoever is surest.")] = None,
    source: Annotated[str | None, typer.Option(help="With this source's converter and options.")] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="One more option, such as process_code=30; repeatable.")
    ] = None,
    line: Annotated[
        bool, typer.Option("--line", help="By the running line: with its converters, in its jail.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Convert one file in the jail, as the line would, and show what comes of it. Nothing is sent or moved.

    Exit code 0 if it gives reports, 1 if it does not.
    """
    if line:
        if option or file.is_dir():
            fail(
                "a running line is given one file, and knows its options; --option and folders are tried here"
            )
        raise typer.Exit(_tried_by_line(file, source, converter, config, as_json=as_json))
    from wats_worker.app.trying import tell  # noqa: PLC0415  as above
    from wats_worker.cli.showing import show  # noqa: PLC0415
    from wats_worker.cli.trying import trial_source, try_file  # noqa: PLC0415

    settings = load(config)
    known = {one.name: one for one in settings.all_sources()}
    if source is not None and source not in known:
        fail(f"there is no source {source!r}; there is {', '.join(known) or 'none at all'}")
    chosen = trial_source(
        known[source] if source else None,
        folder=file.absolute().parent,
        converter=converter,
        options=option or (),
    )
    trial = try_file(file, settings, chosen)
    if as_json:
        print_json(tell(trial))
    else:
        show(console, file.name, trial)
    whole = isinstance(trial.attempt.result, tuple) and not trial.missing
    raise typer.Exit(Exit.FINE if whole else Exit.ATTENTION)


def _tried_by_line(
    file: Path, source: str | None, converter: str | None, config: Path | None, *, as_json: bool
) -> Exit:
    with door(config) as control:
        tried = control.test_file(file.read_bytes(), file.name, source=source, converter=converter)
    if as_json:
        print_json(tried.model_dump(mode="json"))
    else:
        say(f"{file.name}: {tried.outcome} by {tried.converter or 'nobody'}")
        for key, value in {"jail": tried.jail or "", **(tried.why or {})}.items():
            say(f"{key}: {value}")
        for warning in tried.warnings:
            say(f"warning: {warning}", style="yellow")
        for report in tried.reports:
            say(f"{report['type']} {report['sn']} of {report['pn']}: {report['result']}")
        if tried.total > len(tried.reports):
            say(f"… and {tried.total - len(tried.reports)} more reports")
    return Exit.FINE if tried.outcome == "converted" else Exit.ATTENTION


@app.command("map")
def map_(
    file: Annotated[Path, typer.Argument(help="A log file of a tester.", exists=True, dir_okay=False)],
    source: Annotated[str, typer.Option(help="The name of the source to be.")] = "my-tester",
    to: Annotated[Path | None, typer.Option(help="Write the draft into this new file.")] = None,
    config: Config = None,
) -> None:
    """Draft a mapping for a table or a text, and show what it makes of the file.

    The draft goes to the standard output, as a part of a configuration file; what it gives to the other one.
    What the file does not tell stands in the draft as comments. Exit code 0 if it gives reports as it is, 1
    if a person has to complete it, 2 if such a file can't be mapped at all.
    """
    from wats_worker.cli.mapping import drafted, tried_out  # noqa: PLC0415  as above
    from wats_worker.cli.showing import show  # noqa: PLC0415

    settings = load(config)
    made = drafted(file, settings)
    text = made.toml(source, str(file.absolute().parent))
    if to is None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)
    else:
        write_new(to, text)
        for note in (f"The draft is in {to}. To be decided:", *(f"- {note}" for note in made.notes)):
            problems.print(note, highlight=False, markup=False, soft_wrap=True)
    trial = tried_out(made, file, settings, source)
    show(problems, file.name, trial)
    whole = isinstance(trial.attempt.result, tuple) and not made.guesses
    raise typer.Exit(Exit.FINE if whole else Exit.ATTENTION)


def _write(path: Path, template: str, name: str, module: str) -> Path:
    title = name.replace("-", " ").capitalize()
    text = package_files("wats_worker.cli").joinpath("template", template).read_text(encoding="utf-8")
    for mark, value in {
        "@NAME@": name,
        "@TITLE@": title,
        "@MARK@": name.upper(),
        "@MODULE@": module,
    }.items():
        text = text.replace(mark, value)
    write_new(path, text)
    return path


def _modules(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _advice(finding: dict[str, Any]) -> str:
    place = f"{finding['file']}:{finding['line'] or 1}"
    if finding["rule"] == "unreadable":
        return f"{place}: {finding['what']}"
    return f"{place}: {finding['what']}\n    {finding['why']}\n    instead: {finding['instead']}"
