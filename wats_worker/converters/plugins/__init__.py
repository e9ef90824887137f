"""Converters that are not ours: one Python module each, from a folder or from an installed package.

They are found without being imported. What a plugin says about itself is read from its text (``card``), where
they lie is found out by ``search``; their code runs in the jail and nowhere else. So are pollers found.
"""

from wats_worker.converters.plugins.card import CONVERTERS, Card, Kind, Unusable, read
from wats_worker.converters.plugins.search import Aside, Found, Lookout, Plugin, search

__all__ = ["CONVERTERS", "Aside", "Card", "Found", "Kind", "Lookout", "Plugin", "Unusable", "read", "search"]
