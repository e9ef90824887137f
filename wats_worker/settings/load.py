"""Reading the configuration: which file, which variables, and every mistake at once."""

import os
import re
import tomllib
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import platformdirs
from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from wats_broker.settings import APP_NAME
from wats_worker.settings import mistakes
from wats_worker.settings.conflicts import conflicts
from wats_worker.settings.lines import Loc, line_of
from wats_worker.settings.mistakes import Misconfigured, Mistake
from wats_worker.settings.schema import WorkerSettings
from wats_worker.settings.upgrade import is_old, lines, step_up

FILE_NAME: Final = "wats.toml"
_PREFIX: Final = "WATS_"
_NESTED: Final = "__"


#: Finds mistakes that only those above the settings can see: what converters there are, say.
Check = Callable[[WorkerSettings], Iterable[Mistake]]


def load(config: Path | None = None, *, checks: Iterable[Check] = ()) -> WorkerSettings:
    """The settings from the file and the environment; without any file, the defaults.

    Args:
        config: The file, as given on the command line. Else ``WATS_CONFIG``, ``./wats.toml`` and the
            platform's configuration folders are looked at, in this order.
        checks: Run besides our own.

    Raises:
        Misconfigured: it names every mistake with its place and its fix.
    """
    file = find(config)
    return understand(read(file) if file else "", file, checks=checks)


def understand(text: str, file: Path | None, *, checks: Iterable[Check] = ()) -> WorkerSettings:
    """The settings that a text gives, as if it lay at ``file``, and the environment.

    Raises:
        Misconfigured: it names every mistake with its place and its fix.
    """
    data = parse(text, file)
    if is_old(data):
        step_up(data)

    def place(loc: Loc) -> str:
        if name := variable(loc):
            return name
        return f"{file}:{line_of(lines(text), loc) or 1}" if file else ""

    try:
        settings = WorkerSettings(**anchored(data, WorkerSettings, file.parent if file else Path.cwd()))
    except ValidationError as error:
        found = [*mistakes.read(error, WorkerSettings, place), *_unknown_variables()]
        raise Misconfigured(found) from None
    except SettingsError as error:
        # A variable that should hold JSON, such as WATS_SOURCES, and does not.
        raise Misconfigured([Mistake((), str(error), "write it as JSON, or use the file")]) from None
    wrong = [
        *_unknown_variables(),
        *(
            replace(found, place=place(found.loc))
            for check in (conflicts, *checks)
            for found in check(settings)
        ),
    ]
    if wrong:
        raise Misconfigured(wrong)
    return settings


def find(config: Path | None = None) -> Path | None:
    """The configuration file that counts, absolute, or None where there is none and none was asked for."""
    named = config or (Path(os.environ["WATS_CONFIG"]) if os.environ.get("WATS_CONFIG") else None)
    if named is not None:
        return named.expanduser().absolute()
    return next((file.absolute() for file in places() if file.is_file()), None)


def places() -> list[Path]:
    """Where a file is looked for that nobody named."""
    return [
        Path(FILE_NAME),
        platformdirs.user_config_path(APP_NAME, appauthor=False) / FILE_NAME,
        platformdirs.site_config_path(APP_NAME, appauthor=False) / FILE_NAME,
    ]


def read(file: Path) -> str:
    """The text of a file.

    Raises:
        Misconfigured: it can't be read.
    """
    try:
        return file.read_text(encoding="utf-8-sig")  # some editors on Windows put a mark in front
    except UnicodeDecodeError:
        raise Misconfigured([Mistake((), "is not UTF-8", "save it as UTF-8", place=str(file))]) from None
    except OSError as error:
        what = f"can't be read: {error.strerror}"
        raise Misconfigured([Mistake((), what, "check the path given", place=str(file))]) from None


def parse(text: str, file: Path | None) -> dict[str, Any]:
    """The tables of a text.

    Raises:
        Misconfigured: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        place = f"{file}:{line[1]}" if line else str(file)
        raise Misconfigured([Mistake((), f"is not TOML: {error}", "", place=place)]) from None


def anchored(data: Any, kind: Any, base: Path) -> Any:
    """The raw settings with relative paths made absolute: they mean the folder the file lies in.

    >>> anchored({"spool": {"folder": "spool"}}, WorkerSettings, Path("/etc/wats"))
    {'spool': {'folder': '/etc/wats/spool'}}
    """
    if isinstance(data, str):
        return str(base / Path(data).expanduser()) if _is_path(kind) else data
    if isinstance(data, list):
        return [anchored(item, _item_kind(kind), base) for item in data]
    if isinstance(data, dict):
        fields = kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else None
        return {
            key: anchored(value, _field_kind(fields, key) if fields is not None else _item_kind(kind), base)
            for key, value in data.items()
        }
    return data


def _is_path(kind: Any) -> bool:
    return kind is Path or any(_is_path(part) for part in typing.get_args(kind))


def _item_kind(kind: Any) -> Any:
    kinds = [part for part in typing.get_args(kind) if part is not ...]
    return kinds[-1] if kinds else None


def _field_kind(fields: dict[str, Any], key: str) -> Any:
    return fields[key].annotation if key in fields else None


def variable(loc: Loc) -> str:
    """The environment variable that set ``loc`` or something around it."""
    names = {name.upper(): name for name in os.environ}
    for length in range(len(loc), 0, -1):
        wanted = (_PREFIX + _NESTED.join(str(part) for part in loc[:length])).upper()
        if wanted in names:
            return names[wanted]
    return ""


def _unknown_variables() -> Iterator[Mistake]:
    """``WATS_SERVRE__TOKEN``: the library passes over variables whose first part it does not know."""
    for name in os.environ:
        section, nested, _ = name.upper().removeprefix(_PREFIX).partition(_NESTED)
        known = WorkerSettings.model_fields
        if name.upper().startswith(_PREFIX) and nested and section.lower() not in known:
            fix = mistakes.suggest(section, known)
            yield Mistake((), f"no section is called {section.lower()!r}", fix, place=name)
