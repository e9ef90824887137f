"""Settings as they may be shown: without a secret, wherever somebody put one."""

import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "***"

#: Options of pollers are anybody's own, and so are their names.
_SECRET_NAME: Final = re.compile(
    r"pass(word|wd|phrase)?$|pwd|secret|token$|(api|access|private)[_-]?key$|credential", re.IGNORECASE
)
#: A password within an address, or within a connection string.
_IN_ADDRESS: Final = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]*@")
_IN_STRING: Final = re.compile(r"(?i)\b(password|pwd)\s*=\s*[^;\s]+")


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
    if _SECRET_NAME.search(name):
        return HIDDEN
    if isinstance(value, str):
        return _IN_STRING.sub(rf"\1={HIDDEN}", _IN_ADDRESS.sub(rf"\1:{HIDDEN}@", value))
    return value
