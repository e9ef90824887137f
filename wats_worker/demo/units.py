"""Test logs of a made-up LED driver, as many as one likes: for the demo's crowd and for benchmarks."""

import random
from datetime import UTC, datetime, timedelta
from typing import Final

PART_NUMBER: Final = "LD48-20"
_FIRST: Final = datetime(2026, 2, 16, 6, 0, tzinfo=UTC)
_RAILS: Final = (("12V0", 12.0), ("5V0", 5.0), ("3V3", 3.3), ("1V8", 1.8))
_CHANNELS: Final = 8


def serial(number: int) -> str:
    """The serial number of the n-th unit.

    >>> serial(7)
    'LD48-500007'
    """
    return f"LD48-{500_000 + number}"


def log(number: int) -> bytes:
    """The WSTF log of the n-th unit, 2 to 3 kB, always the same one for the same number.

    >>> log(1) == log(1), log(1) == log(2)
    (True, False)
    """
    chance = random.Random(number)  # noqa: S311 - invented measurements
    start = _FIRST + timedelta(seconds=number)
    lines = [
        "--Header-Start--",
        f"SerialNumber\t{serial(number)}",
        f"PartNumber\t{PART_NUMBER}",
        "Revision\tC",
        "OperationTypeCode\t60",
        "UUTStatus\tPassed",
        f"UTCStartDateTime\t{start:%Y-%m-%dT%H:%M:%S}",
        f"ExecutionTime\t{chance.uniform(9, 14):.2f}",
        "StationName\tFCT-03",
        "OperatorName\top17",
        "SoftwareName\tld48_fct",
        "SoftwareVersion\t2.4.1",
        "--Step-Data-Start--",
        "StepType\tStepName\tMeasureName\tValue\tLowLimit\tHighLimit\tCompOperator\tUnit\tStepStatus",
        "SequenceCall\tPower",
        *(_numeric(f"Rail {name}", "", volts, "V", chance) for name, volts in _RAILS),
        "EndSequenceCall\tPower",
        "SequenceCall\tLight",
        "MultipleNumericLimitTest\tFlux",
        *(_numeric("", f"channel {channel}", 250.0, "lm", chance) for channel in range(1, _CHANNELS + 1)),
        "EndMultipleNumericLimitTest\tFlux",
        *(_numeric(f"Current channel {n}", "", 0.35, "A", chance) for n in range(1, _CHANNELS + 1)),
        *(_numeric(f"Temperature channel {n}", "", 42.0, "°C", chance) for n in range(1, _CHANNELS + 1)),
        "StringValueTest\tFirmware\t\t1.9.0\t1.9.0\t\tCASESENSIT\t\tPassed",
        "PassFailTest\tShort circuit protection\t\tTrue\t\t\t\t\tPassed",
        "EndSequenceCall\tLight",
        "--Step-Data-End--",
        "--UUT-End--",
    ]
    return "\r\n".join([*lines, ""]).encode("cp1252")


def _numeric(step: str, measure: str, nominal: float, unit: str, chance: random.Random) -> str:
    value = nominal * chance.uniform(0.97, 1.03)
    low, high = nominal * 0.95, nominal * 1.05
    cells = (
        "NumericLimitTest",
        step,
        measure,
        f"{value:.4g}",
        f"{low:.4g}",
        f"{high:.4g}",
        "GELE",
        unit,
        "Passed",
    )
    return "\t".join(cells)
