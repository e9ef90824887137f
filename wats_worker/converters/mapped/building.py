"""From collected facts to a report's document, by the rules of a mapping."""

from typing import Any, Final

from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import begin, remember
from wats_worker.converters.mapped.facts import Found, Unit
from wats_worker.converters.mapped.model import Mapping
from wats_worker.converters.mapped.reading import Reading
from wats_worker.converters.mapped.tree import Tree
from wats_worker.converters.texts import Step, fit, whole

#: Fields that are plain texts: the member they fill, and whether it lies under ``uut``.
_TEXTS: Final = {
    "serial_number": ("sn", False),
    "part_number": ("pn", False),
    "revision": ("rev", False),
    "station": ("machineName", False),
    "location": ("location", False),
    "purpose": ("purpose", False),
    "operator": ("user", True),
    "batch": ("batchSN", True),
    "fixture": ("fixtureId", True),
    "error_message": ("errorMessage", True),
    "comment": ("comment", True),
}
_NUMBERS: Final = {"socket": "testSocketIndex", "error_code": "errorCode"}

Document = dict[str, Any]


def document(unit: Unit, mapping: Mapping, source: Source, reading: Reading | None = None) -> Document:
    """Put a unit into wire form.

    Args:
        unit: What was collected.
        mapping: Whose rules count.
        source: Is warned.
        reading: Reads texts by the same rules. One for all units of a file saves making it for each.

    Raises:
        Refused: a text can't be read; its place and its field are named.
    """
    reading = reading or Reading(mapping)
    uut: Document = {}
    made: Document = {"type": "T", "uut": uut}
    for name, found in unit.fields.items():
        if found.text and name in _TEXTS:
            member, under_uut = _TEXTS[name]
            (uut if under_uut else made)[member] = found.text
    for name, member in _NUMBERS.items():
        if (told := _given(unit, name)) is not None:
            uut[member] = _read(told, name, whole)
    if (told := _given(unit, "execution_time")) is not None:
        uut["execTime"] = _read(told, "execution_time", reading.seconds)
    if (told := _given(unit, "start")) is not None:  # finish() names what is missing
        begin(made, _read(told, "start", reading.moment), source, mapping)
    _process(unit, made)
    for description, told in unit.infos.items():
        if told.text:
            remember(made, description, told.text)
    _steps(unit, made, Tree(mapping, reading))
    return made


def _given(unit: Unit, name: str) -> Found | None:
    found = unit.fields.get(name)
    return found if found is not None and found.text else None


def _read(found: Found, name: str, how: Any) -> Any:
    try:
        return how(found.text)
    except ValueError as error:
        raise Refused(str(error), place=found.place, field=name.replace("_", " ")) from None


def _process(unit: Unit, made: Document) -> None:
    """A process is told by its code, or by its name, whose code the source's options know."""
    found = _given(unit, "process")
    if found is None:
        return
    if found.text.isdecimal():
        made["processCode"] = _read(found, "process code", whole)
    else:
        made["processName"] = found.text


def _steps(unit: Unit, made: Document, tree: Tree) -> None:
    for facts in unit.steps:
        tree.add(facts)
    steps = tree.steps()
    found = _given(unit, "result")
    letter: str
    if found is not None:
        letter = tree.reading.status(found.text, found.place, "result")
    elif steps:
        letter = tree.together()
    else:
        raise Refused("neither a result nor steps to tell it by", place=unit.place, field="result")
    # Ran, or had nothing to run: failed nobody.
    made["result"] = {"D": "P", "S": "P"}.get(letter, letter)
    root: Step = {"group": "M", "stepType": "SequenceCall", "name": "MainSequence Callback"}
    call = {}
    for name, member, limit in (("program", "name", 200), ("program_version", "version", 30)):
        if (told := _given(unit, name)) is not None:
            call[member] = fit(root, name.replace("_", " ").capitalize(), told.text, limit)
    made["root"] = {**root, "status": made["result"], "seqCall": call, "steps": steps}
