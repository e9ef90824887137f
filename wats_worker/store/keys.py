"""Keys: names between slashes that mean the same in a folder, in a bucket and in a log. Pure."""

import re
from typing import Final

from wats_worker.store.errors import BadKey

#: No leading dot: such names are a folder's own drafts, and ``..`` leads out of it.
_NAME: Final = r"[0-9A-Za-z_][0-9A-Za-z_.=-]{0,200}"
_KEY: Final = re.compile(rf"{_NAME}(/{_NAME}){{0,15}}")
_LONGEST: Final = 700


def checked(text: str) -> str:
    """Give ``text`` back if it is a key.

    >>> checked("files/9f2c/card.json")
    'files/9f2c/card.json'
    >>> checked("../etc/passwd")
    Traceback (most recent call last):
    wats_worker.store.errors.BadKey: '../etc/passwd' is no key
    """
    if len(text) > _LONGEST or not _KEY.fullmatch(text):
        raise BadKey(f"{text[:100]!r} is no key")
    return text


def checked_prefix(text: str) -> str:
    """The same for the names above a key; nothing means every key.

    >>> checked_prefix("files"), checked_prefix("")
    ('files', '')
    """
    return checked(text) if text else ""
