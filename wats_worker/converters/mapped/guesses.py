"""What headings, words and dates usually mean. For drafts only: a person looks at them before they count."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from wats_worker.converters.clock import read_iso
from wats_worker.converters.mapped.model import STATUSES, Mapping
from wats_worker.converters.mapped.reading import Reading
from wats_worker.converters.texts import number

#: What the headings of unit facts look like without their blanks and signs, the likeliest first.
UNIT_WORDS: Final = {
    "serial_number": "serialnumber serialno serial sn uutserialnumber barcode dut uut unitid boardid "
    "seriennummer sernr snr",
    "start": "starttime startdatetime start teststart testdate datetime timestamp testtime date time "
    "startzeit zeitstempel datum zeit",
    "part_number": "partnumber partno part pn product productnumber articlenumber article material model "
    "artikelnummer teilenummer sachnummer",
    "revision": "revision rev partrevision hwrevision version",
    "process": "processcode process operationtype operation testtype teststage",
    "result": "result overallresult uutresult teststatus status verdict passfail outcome overall ergebnis",
    "station": "station stationname stationid machine tester computer testbench",
    "operator": "operator operatorname user username oper operatorid bediener",
    "batch": "batch batchserialnumber lot lotnumber workorder panel",
    "fixture": "fixture fixtureid",
    "socket": "socket testsocket nest site slot position",
    "program": "program testprogram sequence software testplan",
    "program_version": "programversion softwareversion swversion sequenceversion",
    "execution_time": "executiontime testduration duration cycletime elapsedtime testtime",
    "comment": "comment remark remarks note",
}
STEP_WORDS: Final = {
    "name": "stepname testname step test parameter measurement measurementname item description name "
    "schritt bezeichnung",
    "sequence": "sequence group testgroup section category",
    "kind": "steptype testtype type kind",
    "value": "value measured measuredvalue measvalue measresult reading actual actualvalue data messwert "
    "istwert",
    "unit": "unit units uom einheit",
    "low": "lowlimit lowerlimit lolimit low lower min minimum lsl ll untergrenze",
    "high": "highlimit upperlimit hilimit high upper max maximum usl ul obergrenze",
    "comparison": "comparison compoperator operator comp",
    "status": "result status stepstatus verdict passfail judgement judgment outcome",
    "time": "steptime stepexecutiontime elapsed",
    "text": "message reporttext remark info",
}
_DATES: Final = (
    "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S",
    "%d-%m-%Y %H:%M:%S", "%m-%d-%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M:%S %p", "%Y%m%d %H%M%S",
    "%Y%m%d%H%M%S", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%Y/%m/%d %H:%M",
    "%d.%m.%y %H:%M:%S", "%d/%m/%y %H:%M:%S", "%m/%d/%y %H:%M:%S", "%Y-%m-%d_%H-%M-%S", "%d %b %Y %H:%M:%S",
)  # fmt: skip
#: Something that might be a date; to try all formats on every cell takes its time.
_DATE: Final = re.compile(r"[0-9]{2,4}[-./ ]?[0-9A-Za-z]{2,3}[-./ ]?[0-9]{2}")
_COMMA: Final = re.compile(r"[+-]?[0-9]+,[0-9]+")
_POINT: Final = re.compile(r"[+-]?[0-9]+\.[0-9]+")
#: Thousands and decimals in one number, so that there is no doubt which is which.
_BOTH: Final = re.compile(r"[+-]?[0-9]{1,3}(?:([.,' ])[0-9]{3})+([.,])[0-9]+")


def bare(heading: str) -> str:
    """A heading without what people decorate it with.

    >>> bare("Serial No. (UUT)"), bare("Lo_Limit")
    ('serialno', 'lolimit')
    """
    return re.sub(r"[^a-z0-9]", "", re.sub(r"[(\[].*", "", heading).lower())


def roles(headings: Sequence[str], words: dict[str, str], taken: Iterable[int] = ()) -> dict[str, int]:
    """Which column is which, each at most once; the likeliest word counts."""
    shapes = [bare(heading) for heading in headings]
    free = set(range(len(shapes))) - set(taken)
    found: dict[str, int] = {}
    for role, names in words.items():
        for name in names.split():
            at = next((index for index in sorted(free) if shapes[index] == name), None)
            if at is not None:
                found[role] = at
                free.discard(at)
                break
    return found


def date_formats(texts: Iterable[str]) -> list[str]:
    """The formats that all of these dates may be written in."""
    given = [text for text in texts if any(sign.isdigit() for sign in text)][:50]
    if not given:
        return []
    if all(_reads(read_iso, text) for text in given):
        return ["iso"]
    return [
        candidate
        for candidate in _DATES
        if all(_reads(Reading(Mapping(date_format=candidate)).moment, text) for text in given)
    ]


def separators(texts: Iterable[str]) -> dict[str, str]:
    """How numbers are written, where they are not written with a point alone.

    >>> separators(["5,01", "4"]), separators(["1.234,5"]), separators(["5.01"])
    ({'decimal': ','}, {'decimal': ',', 'thousands': '.'}, {})
    """
    given = [text.strip() for text in texts]
    both = {found.groups() for text in given if (found := _BOTH.fullmatch(text))}
    if len(both) == 1:
        thousands, decimal = both.pop()
        if thousands != decimal:
            return ({"decimal": ","} if decimal == "," else {}) | {"thousands": thousands}
    commas = sum(_COMMA.fullmatch(text) is not None for text in given)
    return {"decimal": ","} if commas and not any(_POINT.fullmatch(text) for text in given) else {}


def is_number(text: str) -> bool:
    """Whether a text is a number in any way of writing."""
    return _BOTH.fullmatch(text) is not None or _reads(number, text.replace(",", ".", 1))


def is_data(text: str) -> bool:
    """Whether a text can't be a heading: a date or a status.

    >>> [is_data(text) for text in ("PASS", "17.03.2026 08:14:05", "Result", "5V")]
    [True, True, False, False]
    """
    return (is_status(text) and len(text) > 1) or bool(_DATE.search(text) and date_formats([text]))


def is_status(text: str) -> bool:
    """Whether a text is a status whose meaning is known."""
    return text.lower() in STATUSES


def unknown_words(texts: Iterable[str]) -> list[str]:
    """The status words whose meaning is not known."""
    return sorted({text for text in texts if text and text.lower() not in STATUSES})[:10]


def _reads(how: object, text: str) -> bool:
    try:
        how(text)  # type: ignore[operator]  # any of the readings above
    except ValueError:
        return False
    return True
