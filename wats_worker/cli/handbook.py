"""The page about every command, made from the commands themselves.

python -m wats_worker.cli.handbook docs/reference/cli.md
"""

import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final

import typer
from typer.models import ArgumentInfo, OptionInfo

from wats_broker import files
from wats_broker.states import FileState
from wats_worker.cli.main import app

_OPENING: Final = f"""# Commands

Every command, made by `make docs` from the code. `--help` after a command tells the same. What the exit codes
mean has [a page of its own](exit-codes.md).

Most commands take `--config FILE` (`-c`); without it the configuration is [looked
for](configuration.md#where-values-come-from). Questions take `--json`, for scripts. Neither is listed below.

States of a file: {", ".join(f"`{state}`" for state in FileState)}. *Suspended* waits for its end,
*converted* has its reports on their way.

## What goes through the control door

Whatever asks or changes a running line goes through its [control door](../guides/ipc-security.md), on this
machine or, with `[control] url`, on another one. Without a door these commands end with exit code 2 and say
what to start. The others are about something that is no running line:

- `config check`, `show`, `schema`, `upgrade`, `repair` and `import` work on the file of this machine: they
  are needed where no line can start, or where there is none yet.
- `converters new`, `audit`, `map`, and `test` without `--line`, work on files of this machine, in a jail of
  their own: a converter is written where no line runs.
- `converters list` and `processes` ask the door, and where no line runs tell what one would begin with.
- `polls try` asks the source itself, to show whether it can be reached from here.
- `health --stage` asks the broker: a container's probe is about a process that has no door.
- `doctor` looks at this machine: whether a line could run here.
- `broker acl` writes what the broker has to be told before a line can reach it.
- The operator's own token is read from its private file: somebody has to be the first to come in.
"""

#: What is told first and last, and under which heading; every other command has a heading of its own.
_FIRST: Final[dict[str, tuple[str, ...]]] = {
    "Run": ("up", "watch", "convert", "upload", "poll", "beat", "control", "console", "flower", "relay"),
    "Ask": ("status", "health", "doctor"),
    "Once more": ("replay",),
}
_LAST: Final[dict[str, tuple[str, ...]]] = {"Try": ("demo", "simulator", "tester")}
#: Told once, at the top.
_EVERYWHERE: Final = frozenset({"config", "as_json"})


@dataclass(frozen=True)
class _Command:
    """One command with its words."""

    words: str
    does: Callable[..., Any]


@dataclass(frozen=True)
class _Parameter:
    """One argument or option."""

    called: str
    is_argument: bool
    optional: bool
    text: str


def page() -> str:
    """The reference page."""
    commands = list(_commands(app, "wats-worker"))
    grouped = [(_FIRST | _LAST)[title] for title in _FIRST | _LAST]
    placed = {name for names in grouped for name in names}
    rest = dict.fromkeys(_first(one) for one in commands if _first(one) not in placed)
    told = [_OPENING]
    for title, names in (*_FIRST.items(), *((name.capitalize(), (name,)) for name in rest), *_LAST.items()):
        members = [one for one in commands if _first(one) in names]
        told += [f"## {title}\n", *(line for one in members for line in _about(one))] if members else []
    return "\n".join(told).rstrip() + "\n"


def _commands(where: typer.Typer, words: str) -> Iterator[_Command]:
    callback = where.registered_callback
    if where.info.invoke_without_command is True and callback is not None and callback.callback:
        yield _Command(words, callback.callback)
    for one in where.registered_commands:
        if one.callback is not None and not one.hidden:
            yield _Command(
                f"{words} {one.name or one.callback.__name__.strip('_').replace('_', '-')}", one.callback
            )
    for group in where.registered_groups:
        if group.typer_instance is not None and not group.hidden:
            name = group.name or group.typer_instance.info.name
            yield from _commands(group.typer_instance, f"{words} {name}")


def _first(command: _Command) -> str:
    return command.words.split()[1]


def _about(command: _Command) -> Iterator[str]:
    told = list(_parameters(command.does))
    arguments = [f"[{one.called}]" if one.optional else one.called for one in told if one.is_argument]
    yield f"### `{' '.join([command.words, *arguments])}`\n"
    yield f"{inspect.getdoc(command.does)}\n"
    if told:
        yield "| | |\n|---|---|"
        yield from (f"| `{_cell(one.called)}` | {_cell(one.text)} |" for one in told)
        yield ""


def _parameters(does: Callable[..., Any]) -> Iterator[_Parameter]:
    hints = typing.get_type_hints(does, include_extras=True)
    for name, parameter in inspect.signature(does).parameters.items():
        info = next((one for one in getattr(hints[name], "__metadata__", ()) if _is_told(one)), None)
        if info is None or name in _EVERYWHERE or info.hidden:
            continue
        kind, many = _kind(typing.get_args(hints[name])[0])
        default = parameter.default
        optional = default is not inspect.Parameter.empty
        is_argument = isinstance(info, ArgumentInfo)
        if is_argument:
            called = (info.metavar or name.strip("_")).upper() + ("…" if many else "")
        else:
            flag = next((one for one in info.param_decls or () if one.startswith("--")), "")
            called = flag.partition("/")[0] or f"--{name.strip('_').replace('_', '-')}"
            called += "" if kind is bool else f" {_value(kind)}"
        yield _Parameter(
            called, is_argument, optional, _text(info.help, default, many=many and not is_argument)
        )


def _is_told(info: object) -> bool:
    return isinstance(info, ArgumentInfo | OptionInfo)


def _kind(hint: Any) -> tuple[Any, bool]:
    """What one value is, and whether there may be several."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        hint = next(kind for kind in typing.get_args(hint) if kind is not type(None))
    if typing.get_origin(hint) is list:
        return typing.get_args(hint)[0], True
    return hint, False


def _value(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(str(one.value) for one in kind)
    return {int: "N", float: "N", Path: "PATH", datetime: "TIME"}.get(kind, "TEXT")


def _text(text: str | None, default: object, *, many: bool) -> str:
    told = [" ".join((text or "").split())]
    if many:
        told.append("Repeatable.")
    value = default.value if isinstance(default, Enum) else default
    if isinstance(value, str | int | float | Path) and not isinstance(value, bool) and value != "":
        told.append(f"Else `{value}`.")
    return " ".join(filter(None, told))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    files.write_atomically(Path(sys.argv[1]), page().encode(), mode=files.READABLE)
