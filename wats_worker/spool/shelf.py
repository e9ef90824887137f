"""What lies where in a store that holds a spool. Pure.

    cards/<file_id>.json                     one per file, and it alone decides where the file is
    files/<file_id>/<life>/source            the bytes
    files/<file_id>/<life>/packs/<token>     reports; those of the pack that the card names count
    files/<file_id>/<life>/receipts/<id>     what the server said to a report
    files/<file_id>/<life>/stderr/<token>    what the converter of a quarantined file said
    waiting/<file_id>.<turn>                 a mark, so that what waits can be listed without the rest
    quarantine/<file_id>.<turn>              the same for what a person has to look at
    finished/<file_id>.<turn>                the same for what is to be archived
    tempo/<token>                            is written to find out whether it can be

A life is one stay of a file: from its claim, or its return from the archive, until it leaves. What is done
too late to an earlier life does not touch a later one.
"""

from typing import Final

from wats_worker.spool import names
from wats_worker.spool.model import Place

#: The parts of the store that list the files of a place.
MARKS: Final = {Place.WAITING: "waiting", Place.QUARANTINED: "quarantine", Place.FINISHED: "finished"}


def card(file_id: str) -> str:
    """The key of a file's card."""
    return f"cards/{names.file_id(file_id)}.json"


def mark(file_id: str, place: Place, turn: int) -> str:
    """The key of the mark of a file that came to a place by a turn.

    >>> mark("9f2c" * 8, Place.WAITING, 3)
    'waiting/9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c.3'
    """
    return f"{MARKS[place]}/{names.file_id(file_id)}.{turn}"


def marked(key: str) -> tuple[str, int] | None:
    """The file and the turn that a mark tells of; nothing if it is no mark of ours.

    >>> marked("waiting/9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c.3")
    ('9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c', 3)
    """
    file_id, _, turn = last_name(key).partition(".")
    return (file_id, int(turn)) if names.is_file_id(file_id) and turn.isdecimal() else None


def home(file_id: str, life: str) -> str:
    """What everything of a stay but its card and its marks lies under."""
    return f"files/{names.file_id(file_id)}/{life}"


def receipt(home_: str, report_id: str) -> str:
    """The key of a receipt.

    >>> receipt("files/x/y", "5b1c-7")
    'files/x/y/receipts/5b1c-7'
    """
    return f"{home_}/receipts/{names.report_id(report_id)}"


def last_name(key: str) -> str:
    """The last name of a key.

    >>> last_name("files/a/receipts/5b1c-7")
    '5b1c-7'
    """
    return key.rpartition("/")[2]
