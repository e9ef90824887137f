"""What a polled item is called as a file. Pure."""

import hashlib
from typing import Final
from urllib.parse import quote

#: Bytes. Some more have to fit in for a number and for the spool's own use.
_LONGEST: Final = 180
_NOT_IN_NAMES: Final = frozenset("/\\\0")


def file_name(text: str) -> str:
    r"""A name for a file, whatever a source calls its item: no path, nothing hidden, not too long.

    The name tells people what it was; nobody's identity hangs on it, so it may be bent.

    >>> file_name("unit 17.csv"), file_name("../../etc/passwd"), file_name(".hidden"), file_name("")
    ('unit 17.csv', '%2E.%2F..%2Fetc%2Fpasswd', '%2Ehidden', 'unnamed')
    >>> file_name("A/B\x00\x1b[2J.csv")
    'A%2FB%00%1B[2J.csv'
    """
    bent = "".join(_quoted(sign) for sign in text)
    if bent.startswith("."):
        bent = f"%2E{bent[1:]}"
    if len(bent.encode("utf-8")) <= _LONGEST:
        return bent or "unnamed"
    stem, dot, ending = bent.rpartition(".")
    if not dot or len(ending) > 10:
        stem, ending = bent, ""
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    short = stem.encode("utf-8")[: _LONGEST - 24].decode("utf-8", "ignore")
    return f"{short}~{mark}{dot}{ending}" if ending else f"{short}~{mark}"


def _quoted(sign: str) -> str:
    if sign in _NOT_IN_NAMES or not sign.isprintable():
        return quote(sign, safe="", errors="surrogatepass")
    return sign
