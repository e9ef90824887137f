"""The composition root: the only part that knows all the others.

``line`` opens what every stage shares, ``stages`` runs one stage in the foreground, ``up`` runs them all,
``doctor`` looks whether they could.
"""

from typing import Final

#: Exit code of what could not begin: the configuration, the broker or the machine has to change.
CANNOT_BEGIN: Final = 2
