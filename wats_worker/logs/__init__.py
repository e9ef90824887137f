"""Logs are events: one line each, with the stage, a past-tense word, and the facts beside it.

    log = logging.getLogger(__name__)
    log.info("file_converted", extra={"file_id": file_id, "source": source, "reports": 3})

On a terminal a line is for people, everywhere else it is one JSON object:

    2026-11-22 10:00:00.123 INFO    convert  file_converted file_id=9f2c source=ict reports=3
    {"time": "2026-11-22T10:00:00.123Z", "level": "info", "stage": "convert", "event": "file_converted", …}

All processes of a line write to the stderr they inherited, each line in one piece.
"""

from wats_worker.logs.setup import LAST_WORDS, setup

__all__ = ["LAST_WORDS", "setup"]
