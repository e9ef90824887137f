"""The composition root: the only part that knows all the others.

``line`` opens what every stage shares, ``stages`` runs one stage in the foreground, ``up`` runs them all,
``door`` is the stage that is asked and steered by, ``doctor`` looks whether they could run.
"""

from typing import Final

#: Exit code of what could not begin: the configuration, the broker or the machine has to change.
CANNOT_BEGIN: Final = 2
