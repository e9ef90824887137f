"""Kinds of values that several sections share."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

#: Absolute from here on. In the file a relative folder means the file's own folder, see ``load``.
Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
Count = Annotated[int, Field(ge=1)]
