"""The header of a record: the unit, when, where, with what result, and what else is known of the run."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wats_worker.converters import conventions, measures
from wats_worker.converters.barcodes import code
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.conventions import Facts
from wats_worker.converters.finish import begin
from wats_worker.converters.jsons import Object, double, moment, objects, text
from wats_worker.converters.openhtf.options import Options
from wats_worker.converters.openhtf.phases import diagnosis, elapsed, phases, results
from wats_worker.converters.texts import Step, fit, say, shown

_RESULTS: Final = {"PASS": "P", "FAIL": "F", "ERROR": "E", "TIMEOUT": "E", "ABORTED": "T"}
#: What OpenHTF writes when nobody told it which unit it tests.
_NOBODY: Final = "UNKNOWN_DUT"
#: From this level on, a line of the log is a warning.
_WARNING: Final = 30

Document = dict[str, Any]


def document(record: Object, source: Source, options: Options) -> Document:
    """Put a record into wire form.

    Raises:
        Refused: it has no outcome, or something in it is not what it has to be.
    """
    metadata = record.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    uut: Document = {}
    made: Document = {"type": "T", "uut": uut, "result": _result(record)}
    _facts(record, metadata, options).put(made)
    if station := text(record, "station_id"):
        made["machineName"] = station
    try:
        if (start := moment(record.get("start_time_millis"))) is not None:
            begin(made, start, source, options)
    except ValueError as error:
        raise Refused(str(error), field="start") from None
    if (seconds := elapsed(record)) is not None:
        uut["execTime"] = seconds
    if told := text(metadata, "test_description"):
        uut["comment"] = told[:5000]
    if made["result"] != "P":
        _errors(record, uut)
    made["root"] = _root(record, metadata, made["result"], options)
    conventions.of_a_unit(made, source, options)
    return made


def _result(record: Object) -> str:
    word = text(record, "outcome")
    if word not in _RESULTS:
        raise Refused(f"{shown(word)} is not an outcome" if word else "the file has none", field="result")
    return _RESULTS[word]


def _facts(record: Object, metadata: Object, options: Options) -> Facts:
    facts = Facts(options)
    if (unit := code(text(record, "dut_id"))) and unit != _NOBODY:
        facts.take("serial number", unit, "dut_id")
    for name, value in metadata.items():
        if name.startswith("test_") or isinstance(value, (dict, list)) or value is None:
            continue
        told = value if isinstance(value, str) else str(value)
        if not facts.take(name, told, f"metadata, {name}"):
            facts.keep(name, told)
    if record.get("marginal") is True:
        facts.keep("Marginal", "yes")
    return facts


def _errors(record: Object, uut: Document) -> None:
    """Why a run did not pass. A code is a number or, far more often, the name of an exception."""
    details = list(objects(record, "outcome_details"))
    codes = [code for detail in details if isinstance(code := detail.get("code"), int)]
    if codes and -(2**31) <= codes[0] < 2**31:
        uut["errorCode"] = int(codes[0])
    told = [": ".join(filter(None, (text(one, "code"), text(one, "description")))) for one in details]
    if message := "; ".join(filter(None, told)):
        uut["errorMessage"] = message[:500]


def _root(record: Object, metadata: Object, result: str, options: Options) -> Step:
    diagnoses = {text(found, "result"): found for found in objects(record, "diagnoses")}
    config = metadata.get("config")
    may_be_unset = isinstance(config, dict) and config.get("allow_unset_measurements") is True
    steps = list(phases(record, diagnoses, unset_is_bad=not may_be_unset))
    steps += _of_the_test(record, diagnoses)
    root = measures.sequence("MainSequence Callback", steps, result)
    call = {"name": fit(root, "Test", text(metadata, "test_name") or "OpenHTF", 200)}
    if version := text(metadata, "test_version"):
        call["version"] = fit(root, "Test version", version, 30)
    info = record.get("code_info")
    if isinstance(info, dict) and (file := text(info, "name")):
        call["path"] = fit(root, "Test file", file, 500)
    root["seqCall"] = call
    for branch in objects(record, "branches"):
        taken = "taken" if branch.get("branch_taken") is True else "not taken"
        say(root, f"branch {text(branch, 'name')}: {taken}")
    for line in _log(record, options):
        say(root, line)
    return root


def _of_the_test(record: Object, diagnoses: Mapping[str, Object]) -> Iterator[Step]:
    """What was diagnosed when all phases were over."""
    of_phases = {
        str(result)
        for phase in objects(record, "phases")
        for member in ("diagnosis_results", "failure_diagnosis_results")
        for result in results(phase, member)
    }
    for result, found in diagnoses.items():
        if result not in of_phases:
            yield diagnosis(found)


def _log(record: Object, options: Options) -> Iterator[str]:
    if options.log == "none":
        return
    for line in objects(record, "log_records"):
        if options.log == "all" or (double(line.get("level")) or 0) >= _WARNING:
            yield text(line, "message")
