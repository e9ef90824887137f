"""The token of the machine's own operator, in a private file."""

from typing import Final

from pydantic import SecretStr

from wats_broker import access
from wats_broker.files import create_once, private_folder
from wats_worker.control.place import Place
from wats_worker.settings import WorkerSettings

#: Name of the token that whoever runs the line finds in its folder.
LOCAL: Final = "local"
#: How long it lets in after the last control stage that knows it has ended.
TERM_S: Final = 60.0


def local_token(settings: WorkerSettings) -> SecretStr:
    """The token of this machine's operator: configured, or made here when it is asked for the first time.

    Raises:
        OSError: the private file can't be made or read.
    """
    if settings.control.token is not None:
        return settings.control.token
    place = Place.of(settings)
    private_folder(place.folder)
    if not place.token_file.exists():
        create_once(place.token_file, f"{access.make_text()}\n".encode())
    return read_token(place)


def read_token(place: Place) -> SecretStr:
    """The token in the private file.

    Raises:
        OSError: there is none, or it is not for us to read.
    """
    return SecretStr(place.token_file.read_text(encoding="utf-8").strip())
