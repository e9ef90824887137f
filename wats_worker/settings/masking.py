"""Settings as they may be shown: without a secret, wherever somebody put one."""

import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "***"

#: Options of pollers are anybody's own, and so are their names.
_SECRET_NAME: Final = re.compile(
    r"pass(word|wd|phrase)?$|pwd|secret|token$|(api|access|private)[_-]?key$|credential|authorization$",
    re.IGNORECASE,
)
#: A password within an address, or within a connection string.
_IN_ADDRESS: Final = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]*@")
_IN_STRING: Final = re.compile(r"(?i)\b(password|pwd)\s*=\s*[^;\s]+")
#: What becomes of one.
_HIDDEN_IN: Final = re.compile(rf"(?i):{re.escape(HIDDEN)}@|\b(password|pwd)\s*=\s*{re.escape(HIDDEN)}")


def masked(value: Any, name: str = "") -> Any:
    """A copy of settings with every secret hidden.

    >>> masked({"token": "t", "token_file": "/run/t", "url": "redis://me:pw@host", "dsn": "Server=x;PWD=y"})
    {'token': '***', 'token_file': '/run/t', 'url': 'redis://me:***@host', 'dsn': 'Server=x;PWD=***'}
    """
    if isinstance(value, Mapping):
        return {key: masked(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(inner, name) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    if is_secret(name):
        return HIDDEN
    if isinstance(value, str):
        return _IN_STRING.sub(rf"\1={HIDDEN}", _IN_ADDRESS.sub(rf"\1:{HIDDEN}@", value))
    return value


def is_secret(name: str) -> bool:
    """Whether what is called like this is a secret.

    >>> is_secret("api_token"), is_secret("token_file")
    (True, False)
    """
    return bool(_SECRET_NAME.search(name))


def is_hidden(value: Any, name: str) -> bool:
    """Whether a value is one that ``masked`` gives for a secret.

    >>> is_hidden("***", "token"), is_hidden("redis://me:***@host", "url"), is_hidden("***", "exclude")
    (True, True, False)
    """
    return isinstance(value, str) and (
        (value == HIDDEN and is_secret(name)) or bool(_HIDDEN_IN.search(value))
    )
