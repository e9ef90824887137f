"""The ``[audit]`` section: where it is kept who did what."""

from wats_broker.settings import Section
from wats_worker.settings.kinds import Folder


class AuditSettings(Section):
    """The trail of what was done through the control door."""

    #: None: beside the spool. All control stages of a line write to one.
    folder: Folder | None = None
    #: What signatures are made with; made there if it is missing. None: in the folder.
    key_file: Folder | None = None
