"""Text as a cell of a table that people open with a spreadsheet. Pure."""

import re
from typing import Final

#: Where a program begins a cell: at the beginning, or behind what it takes for a separator. A spreadsheet set
#: up for semicolons does not heed the quotes that a comma asks for. Blanks and control characters are
#: dropped by some programs, and wide signs are read as narrow ones by others.
_FORMULA: Final = re.compile(r"(?:\A|(?<=[;\t\r\n]))(?=[\s\x00-\x1f]{0,300}[=+\-@\uff1d\uff0b\uff0d\uff20])")


def shown(value: object) -> object:
    """A value that a spreadsheet shows and does not obey.

    >>> shown("=cmd()"), shown("R1; =cmd()"), shown("PCB-1"), shown(-5.0)
    ("'=cmd()", "R1;' =cmd()", 'PCB-1', -5.0)
    """
    return _FORMULA.sub("'", value) if isinstance(value, str) else value
