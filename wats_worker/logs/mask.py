"""Secrets never reach a log, however they are written in it."""

import json
from collections.abc import Iterable
from urllib.parse import quote


class Mask:
    r"""Takes secrets out of a text, before anything in it is escaped or cut off.

    >>> Mask(['p"ss'])('redis://:p%22ss@host {"password": "p\\"ss"}')
    'redis://:***@host {"password": "***"}'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _written_forms(secret)}
        # Shorter ones stand in too many words; longer ones first, as they may hold a shorter one.
        self._forms = sorted((form for form in forms if len(form) >= 4), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without them."""
        for form in self._forms:
            text = text.replace(form, "***")
        return text


def _written_forms(secret: str) -> set[str]:
    """How a secret may stand in a text: as it is, in JSON, in an address, in a repr."""
    return {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote(secret), repr(secret)[1:-1]}
