"""What came of one file that was tried, as a person reads it."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from wats_worker.app.trying import STAND_INS, Trial, why
from wats_worker.convert.attempt import Attempt

_WORDS: Final = {"P": "passed", "F": "failed", "E": "error", "T": "terminated", "D": "done", "S": "skipped"}
_STYLES: Final = {"P": "green", "F": "red", "E": "red", "T": "red"}
_SIGNS: Final = {"GT": ">", "GE": "≥", "LT": "<", "LE": "≤", "EQ": "=", "NE": "≠"}
#: A report of a semiconductor lot has a hundred thousand steps; nobody reads them on a terminal.
_MOST_STEPS: Final = 500
#: So many reports are shown whole; of the others there is a line each, up to a bound.
_MOST_REPORTS: Final = 5
_MOST_LINES: Final = 100
_MOST_WARNINGS: Final = 20


def show(console: Console, name: str, trial: Trial) -> None:
    """Print who converts it, what was doubtful, what is missing, and the reports."""
    tried = trial.attempt
    _print(console, f"{name}: {tried.converter or 'nobody'}{_sureness(tried)}")
    if tried.terms:
        usage = tried.usage
        took = (
            f"{usage.wall_s * 1000:.1f} ms, {usage.cpu_s * 1000:.1f} ms CPU, {usage.peak_mb:.0f} MB at most"
        )
        _print(console, f"jail: {tried.terms}; {took}")
    _show_warnings(console, tried.warnings)
    for missing in trial.missing:
        _show_why(console, why(missing))
    if trial.missing:
        options = " ".join(f"--option {STAND_INS[one.field or ''][0]}=…" for one in trial.missing)
        _print(console, f"So the line would refuse it. To try a value here: {options}")
    if not isinstance(tried.result, tuple):
        _show_why(console, why(tried.result))
        return
    if trial.missing:
        _print(console, "With that, it would give:")
    _show_reports(console, trial)


def _show_warnings(console: Console, warnings: tuple[str, ...]) -> None:
    """One of each kind: what is said of fifty steps in the same words is read once."""
    kinds: dict[str, list[str]] = {}
    for warning in warnings:
        place, _, text = warning.partition(": ")
        kinds.setdefault(text if place.startswith("report.") else warning, []).append(warning)
    for alike in islice(kinds.values(), _MOST_WARNINGS):
        more = f" (and {len(alike) - 1} more like it)" if len(alike) > 1 else ""
        _print(console, f"warning: {alike[0]}{more}", "yellow")
    if (more_kinds := len(kinds) - _MOST_WARNINGS) > 0:
        _print(console, f"… and {more_kinds} other warnings; --json has them all", "yellow")


def _show_why(console: Console, told: Mapping[str, str]) -> None:
    for key, value in told.items():
        _print(console, f"{key}: {value}", "red" if key == "reason" else "")


def _show_reports(console: Console, trial: Trial) -> None:
    reports = trial.reports
    for number, report in enumerate(islice(reports, _MOST_LINES), start=1):
        document = _without_stand_ins(report, trial)
        verdict = _WORDS.get(document["result"], document["result"])
        style = _STYLES.get(document["result"], "")
        if number > _MOST_REPORTS:
            unit = f"serial number {document['sn']}, start {document['start']}"
            _print(console, f"Report {number} of {len(reports)}: {verdict}, {unit}", style)
            continue
        console.print()
        _print(console, f"Report {number} of {len(reports)}: {verdict}", f"bold {style}")
        for label, text in _header(document):
            _print(console, f"  {label:<14} {text}")
        if root := document.get("root"):
            console.print(_tree(root), highlight=False)
    if (more := len(reports) - _MOST_LINES) > 0:
        _print(console, f"… and {more} more; --json shows every report")


def _without_stand_ins(document: dict[str, Any], trial: Trial) -> dict[str, Any]:
    """The document as it can be shown: nothing in it looks like a fact that is none."""
    fields = [missing.field or "" for missing in trial.missing]
    if "process code" in fields:
        document["processCode"] = "(not set)"
    document["miscInfos"] = [
        info for info in document.get("miscInfos") or () if info["description"].lower() not in fields
    ]
    return document


def _sureness(tried: Attempt) -> str:
    """Who claims the file, the surest first."""
    claims = sorted(tried.scores.items(), key=lambda entry: (-entry[1], entry[0]))
    if told := ", ".join(f"{name} {score:.2f}" for name, score in claims[:3] if score > 0):
        return f" (how sure: {told})"
    return f" ({len(claims)} converters were asked)" if claims else ""


def _header(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    uut = document.get("uut") or document.get("uur") or {}
    yield "serial number", document["sn"]
    yield "part number", f"{document['pn']}, revision {document['rev']}"
    yield "process", _process(document)
    yield "start", document["start"]
    yield (
        "station",
        f"{document['machineName']}, location {document['location']}, purpose {document['purpose']}",
    )
    yield "operator", uut.get("user", "")
    for key, label in (
        ("execTime", "seconds"),
        ("batchSN", "batch"),
        ("comment", "comment"),
        ("errorMessage", "error"),
    ):
        if uut.get(key) is not None:
            yield label, str(uut[key])
    for info in document.get("miscInfos") or ():
        yield "info", f"{info['description']}: {info.get('text', info.get('numeric', ''))}"
    for unit in document.get("subUnits") or ():
        yield "sub unit", f"{unit.get('partType') or '-'}: {unit['pn']} {unit['sn']}"
        for failure in unit.get("failures") or ():
            told = f"{failure['category']}: {failure['code']}"
            yield "failure", " ".join(part for part in (failure.get("comRef"), told) if part)
    for asset in document.get("assets") or ():
        yield "asset", asset["assetSN"]


def _process(document: Mapping[str, Any]) -> str:
    name = document.get("processName")
    return f"{document['processCode']}{f' ({name})' if name else ''}"


def _tree(root: Mapping[str, Any]) -> Tree:
    """The steps, without recursion: how deep they are is not ours to choose."""
    tree = Tree(_step(root), guide_style="dim")
    waiting = [(tree, root)]
    shown = 0
    while waiting:
        branch, step = waiting.pop(0)
        below = step.get("steps") or []
        for inner in below:
            if shown == _MOST_STEPS:
                tree.add(Text("… and more; --json shows every step", style="dim"))
                return tree
            shown += 1
            waiting.append((branch.add(_step(inner)), inner))
    return tree


def _step(step: Mapping[str, Any]) -> Text:
    line = Text()
    line.append(f"{step['status']} ", style=_STYLES.get(step["status"], "dim"))
    line.append(_plain(step["name"]))
    rows = [*_rows(step)]
    for row in rows:
        line.append(f"\n    {_plain(row)}" if len(rows) > 1 else f"  {_plain(row)}", style="cyan")
    for key in ("chart", "attachment"):
        if content := step.get(key):
            line.append(f"  {key} {_plain(content.get('label') or content['name'])}", style="dim")
    if step.get("errorMessage"):
        line.append(f"  {_plain(step['errorMessage'])}", style="red")
    return line


def _rows(step: Mapping[str, Any]) -> Iterator[str]:
    for row in step.get("numericMeas") or ():
        unit = f" {row['unit']}" if row.get("unit") else ""
        yield f"{_named(row)}{_number(row['value'])}{unit}{_limits(row)}"
    for row in step.get("stringMeas") or ():
        limit = f"  {row['compOp']} {row['limit']!r}" if row.get("limit") is not None else ""
        yield f"{_named(row)}{row['value']!r}{limit}"
    for row in step.get("booleanMeas") or ():
        if row.get("name"):
            yield f"{_named(row)}{_WORDS[row['status']]}"


def _number(value: float | str) -> str:
    """A number without the digits that only a computer sees; the wire's NaN is a text."""
    return f"{value:.12g}" if isinstance(value, (int, float)) else str(value)


def _named(row: Mapping[str, Any]) -> str:
    return f"{row['status']} {row['name']}: " if row.get("name") else ""


def _limits(row: Mapping[str, Any]) -> str:
    """The limits with their signs.

    >>> _limits({"compOp": "GELE", "lowLimit": 4.9, "highLimit": 5.1})
    '  [≥ 4.9, ≤ 5.1]'
    """
    operator = row["compOp"].upper()
    if operator == "LOG":
        return ""
    limits = [row.get("lowLimit"), row.get("highLimit")]
    signs = [operator[:2], operator[2:]]
    joint = " or " if operator.startswith("L") else ", "
    told = [
        f"{_SIGNS[sign]} {_number(limit)}"
        for sign, limit in zip(signs, limits, strict=True)
        if sign and limit is not None
    ]
    return f"  [{joint.join(told)}]"


def _print(console: Console, text: str, style: str = "") -> None:
    console.print(_plain(text), style=style, highlight=False, markup=False, soft_wrap=True)


def _plain(text: str) -> str:
    """The text without what a terminal would obey."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)
