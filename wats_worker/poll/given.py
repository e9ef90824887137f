"""The options of a poller as they are given to it: secrets are fetched from where the configuration says.

    password_file = "/run/secrets/mes"    the option ``password`` is what this file holds
    password_env = "MES_PASSWORD"         … or this variable of the worker's environment

They are fetched for each poll, so a changed secret needs no restart, and they never stand in the settings.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticCustomError

from wats_broker.settings import read_secret

_FILE: Final = "_file"
_VARIABLE: Final = "_env"


class NotGiven(Exception):
    """An option can't be fetched, and which."""

    def __init__(self, key: str, what: str, fix: str) -> None:
        super().__init__(f"poller_options.{key}: {what}")
        self.key = key
        self.what = what
        self.fix = fix


@dataclass(frozen=True)
class Given:
    """All options of one poller."""

    values: Mapping[str, Any] = field(repr=False)
    #: Those among the values that were fetched.
    secrets: tuple[str, ...] = field(repr=False)


def given(options: Mapping[str, Any]) -> Given:
    """Fetch what the options only name.

    Raises:
        NotGiven: a file or a variable is not there, or there are two places for one option.

    >>> sorted(given({"folder": "/in", "days": 3}).values)
    ['days', 'folder']
    """
    values: dict[str, Any] = {}
    secrets = []
    for key, value in options.items():
        name = option_of(key)
        if name in values or (name != key and name in options):
            raise NotGiven(key, f"{name} is given in two places", "keep one of them")
        values[name] = _plain(value) if name == key else _fetched(key, value)
        if name != key:
            secrets.append(values[name])
    return Given(values, tuple(secrets))


def option_of(key: str) -> str:
    """The option that a key is about.

    >>> option_of("password_file"), option_of("password_env"), option_of("password")
    ('password', 'password', 'password')
    """
    return key.removesuffix(_FILE) if key.endswith(_FILE) else key.removesuffix(_VARIABLE)


def in_the_open(options: Mapping[str, Any], model: type[BaseModel]) -> list[str]:
    """The secrets that stand in the configuration itself.

    >>> class Options(BaseModel):
    ...     password: SecretStr | None = None
    >>> in_the_open({"password": "s3cret"}, Options), in_the_open({"password_env": "MES"}, Options)
    (['password'], [])
    """
    return [key for key in options if key in model.model_fields and _is_secret(model, key)]


def _is_secret(model: type[BaseModel], key: str) -> bool:
    # Optional or not, annotated or not: what counts is that the type's name is in it.
    return SecretStr.__name__ in str(model.model_fields[key].annotation)


def _plain(value: Any) -> Any:
    """A value as it goes over a pipe: TOML has dates, JSON has none."""
    return value.isoformat() if isinstance(value, date | time) else value


def _fetched(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise NotGiven(key, "names no place", 'write it like "/run/secrets/mes" or "MES_PASSWORD"')
    if key.endswith(_VARIABLE):
        if value not in os.environ:
            raise NotGiven(key, f"there is no variable {value}", "set it for the worker's processes")
        return os.environ[value]
    if not Path(value).is_absolute():
        raise NotGiven(key, "is not a whole path", "write it from the root, such as /run/secrets/mes")
    try:
        return read_secret(value, key=key)
    except PydanticCustomError as mistake:
        context = mistake.context or {}
        raise NotGiven(key, context["what"], context["fix"]) from None
