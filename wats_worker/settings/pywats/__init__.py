"""The configuration of a pyWATS client, made into one of ours."""

from wats_worker.settings.pywats.left import Note
from wats_worker.settings.pywats.moving import Moved, NotPywats, moved

__all__ = ["Moved", "NotPywats", "Note", "moved"]
