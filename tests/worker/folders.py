"""Looking into folders, for tests of what works on disk."""

from pathlib import Path


def names_in(folder: Path) -> list[str]:
    """The names of everything in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())
