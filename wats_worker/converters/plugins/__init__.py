"""Converters that are not ours: one Python module each, from a folder or from an installed package.

They are found without being imported. What a plugin says about itself is read from its text (``card``), where
they lie is found out by ``search``; their code runs in the jail and nowhere else.
"""

from wats_worker.converters.plugins.card import Card, Unusable, read
from wats_worker.converters.plugins.search import GROUP, Aside, Found, Lookout, Plugin, search

__all__ = ["GROUP", "Aside", "Card", "Found", "Lookout", "Plugin", "Unusable", "read", "search"]
