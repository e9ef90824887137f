"""When a scheduled source is asked: every so often, or at the times of a cron expression."""

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

from wats_broker.settings import mistake

_UNITS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_INTERVAL: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def _interval(value: Any) -> Any:
    """Seconds, from a number of them or from what people write.

    >>> _interval("1h30m"), _interval("90s"), _interval(5)
    (5400.0, 90.0, 5)
    """
    if not isinstance(value, str):
        return value
    found = _INTERVAL.fullmatch(value.strip().lower())
    if found is None or not any(found.groups()):
        raise mistake("is no interval", "write it like 30s, 5m, 1h30m or 1d")
    return sum(int(count or 0) * unit for count, unit in zip(found.groups(), _UNITS.values(), strict=True))


def _cron(text: str) -> str:
    """A cron expression with single blanks between its fields.

    >>> _cron(" */10  6-22 * * mon-fri ")
    '*/10 6-22 * * mon-fri'
    """
    # Celery takes its time to load, and most configurations have no cron expression.
    from celery.schedules import ParseException, crontab  # noqa: PLC0415

    fields = text.split()
    if len(fields) != 5:
        raise mistake(
            f"has {len(fields)} fields", "write five: minute, hour, day of month, month, day of week"
        )
    try:
        crontab.from_string(" ".join(fields))
    except (ParseException, ValueError, KeyError) as error:
        fix = 'write it like "*/10 6-22 * * 1-5"'
        raise mistake(f"is no cron expression: {str(error).strip().rstrip('.')}", fix) from None
    return " ".join(fields)


#: Seconds between two polls; "5m" in the file.
Interval = Annotated[
    float, BeforeValidator(_interval, json_schema_input_type=float | str), Field(ge=1, le=31 * 86400.0)
]
Cron = Annotated[str, AfterValidator(_cron)]
