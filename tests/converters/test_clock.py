"""Clock times without a zone, on the days when clocks are changed."""

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from wats_worker.converters.base import Options, Refused, Source
from wats_worker.converters.clock import assume_zone, plausible, wire_date


@pytest.fixture
def oslo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A host in Oslo."""
    monkeypatch.setenv("TZ", "Europe/Oslo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("configured", ["Europe/Oslo", None])
@pytest.mark.parametrize(
    ("local", "offset", "doubtful"),
    [
        ("2026-01-15T12:00:00", "+01:00", False),
        ("2026-07-15T12:00:00", "+02:00", False),
        ("2026-10-25T02:30:00", "+02:00", True),  # comes twice
        ("2026-03-29T02:30:00", "+01:00", True),  # never comes
    ],
)
def test_the_digits_of_the_clock_stay(
    local: str, offset: str, doubtful: bool, configured: str | None, oslo: None
) -> None:
    """The configured zone and the host's give the same answer, and say when it is a guess."""
    source = Source.of_bytes(b"", "log")
    moment, zone = assume_zone(datetime.fromisoformat(local), source, Options(timezone=configured))

    assert wire_date(moment) == local + offset
    assert bool(source.warnings) == doubtful
    assert zone == (configured or f"host, UTC{offset}")


@pytest.mark.parametrize(
    "start", ["1969-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "soon"]
)
def test_a_time_no_test_can_have_started_at_is_refused(start: str) -> None:
    """It was misread, or the tester has no idea what time it is."""
    with pytest.raises(Refused) as caught:
        plausible(start)

    assert caught.value.field == "start"
