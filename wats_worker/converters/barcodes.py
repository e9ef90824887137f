"""Serial numbers as readers and operators leave them: what stands there when nothing was read is none."""

import re
from typing import Final

_NOTHING: Final = re.compile(
    r"[-_?*./\s]*|n/?a|nil|none|null|nan|unknown|undefined|empty|no[-_ ]?(?:read|code|barcode|label|serial)",
    re.IGNORECASE,
)


def code(text: str | None) -> str:
    """The code without blanks around it; empty where the text only says that there is none.

    >>> code(" SN-1 "), code("N/A"), code("no read"), code("----"), code(None)
    ('SN-1', '', '', '', '')
    """
    text = (text or "").strip()
    return "" if _NOTHING.fullmatch(text) else text
