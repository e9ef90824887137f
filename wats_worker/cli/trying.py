"""One file tried in the jail, and what came of it as a person would read it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from wats_worker.cli.common import borrowed_scratch, fail
from wats_worker.convert.attempt import Attempt, attempt
from wats_worker.convert.disposal import Absent, Quarantine
from wats_worker.convert.rules import AUTO, Rule, rule, thresholds
from wats_worker.convert.workshop import Workshop
from wats_worker.reports import wsjf
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.outcome import Broken, Refusal, Unready
from wats_worker.settings import Source, WorkerSettings
from wats_worker.spool.names import Identity

_WORDS: Final = {"P": "passed", "F": "failed", "E": "error", "T": "terminated", "D": "done", "S": "skipped"}
_STYLES: Final = {"P": "green", "F": "red", "E": "red", "T": "red"}
_SIGNS: Final = {"GT": ">", "GE": "≥", "LT": "<", "LE": "≤", "EQ": "=", "NE": "≠"}
#: A report of a semiconductor lot has a hundred thousand steps; nobody reads them on a terminal.
_MOST_STEPS: Final = 500


def try_file(
    file: Path, settings: WorkerSettings, *, source: Source | None, converter: str | None
) -> Attempt:
    """Do with a file what a convert worker does, up to the checked reports. Nothing is saved.

    Args:
        file: Any file.
        settings: The whole configuration.
        source: Whose converter and options count.
        converter: Who converts it instead.
    """
    applied = rule(source, settings) if source else Rule()
    applied = replace(applied, converter=converter or applied.converter)
    pool = source.pool if source else "convert"
    identity = Identity(source.name if source else "")
    with (
        borrowed_scratch(settings) as scratch,
        Workshop(settings, scratch=scratch, pool=pool) as workshop,
    ):
        absence = workshop.roster.absence(applied.converter)
        if absence and applied.converter != AUTO:
            fail(f"{absence}; 'wats-worker converters list' shows what there is")
        try:
            identity.feed(file.read_bytes())
            return attempt(
                identity.file_id,
                file.absolute(),
                file.name,
                applied,
                workshop=workshop,
                thresholds=thresholds(settings.pool(pool)),
            )
        except (JailUnavailable, OSError) as problem:
            fail(str(problem))


def tell(tried: Attempt) -> dict[str, Any]:
    """What came of it, for a script."""
    reports = [wsjf.document(one.report) for one in tried.result] if isinstance(tried.result, tuple) else []
    return {
        "outcome": "converted" if reports else type(tried.result).__name__.lower(),
        "why": None if reports else _why(tried.result),
        "converter": tried.converter or None,
        "scores": dict(tried.scores),
        "jail": tried.terms or None,
        "usage": asdict(tried.usage),
        "warnings": list(tried.warnings),
        "reports": reports,
    }


def show(console: Console, name: str, tried: Attempt) -> None:
    """The same, for a person."""
    _print(console, f"{name}: {tried.converter or 'nobody'}{_sureness(tried)}")
    if tried.terms:
        usage = tried.usage
        took = (
            f"{usage.wall_s * 1000:.1f} ms, {usage.cpu_s * 1000:.1f} ms CPU, {usage.peak_mb:.0f} MB at most"
        )
        _print(console, f"jail: {tried.terms}; {took}")
    for warning in tried.warnings:
        _print(console, f"warning: {warning}", "yellow")
    if not isinstance(tried.result, tuple):
        for key, value in _why(tried.result).items():
            _print(console, f"{key}: {value}", "red" if key == "reason" else "")
        return
    for number, accepted in enumerate(tried.result, start=1):
        document = wsjf.document(accepted.report)
        console.print()
        head = f"Report {number} of {len(tried.result)}: {_WORDS.get(document['result'], document['result'])}"
        _print(console, head, f"bold {_STYLES.get(document['result'], '')}")
        for label, text in _header(document):
            _print(console, f"  {label:<14} {text}")
        if root := document.get("root"):
            console.print(_tree(root), highlight=False)


def _sureness(tried: Attempt) -> str:
    if not tried.scores:
        return ""
    ranking = sorted(tried.scores.items(), key=lambda entry: (-entry[1], entry[0]))
    told = ", ".join(f"{name} {score:.2f}" for name, score in ranking[:3])
    return f" (how sure: {told})"


def _why(result: Quarantine | Refusal | Unready | Broken | Absent | tuple[Any, ...]) -> dict[str, str]:
    match result:
        case Quarantine() | Refusal():
            told = {"field": result.field, "place": result.place, "fix": result.fix}
            return {"reason": result.reason, **{key: value for key, value in told.items() if value}}
        case Absent():
            return {"reason": result.reason}
        case Unready():
            return {"reason": f"not ready: {result.reason}"}
        case Broken():
            said = result.stderr.decode(errors="backslashreplace").strip()
            return {"reason": f"{result.kind}: {result.detail}", **({"printed": said} if said else {})}
    return {}


def _header(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    uut = document.get("uut") or document.get("uur") or {}
    yield "serial number", document["sn"]
    yield "part number", f"{document['pn']}, revision {document['rev']}"
    yield "process", str(document["processCode"])
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
    for asset in document.get("assets") or ():
        yield "asset", asset["assetSN"]


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
        yield f"{_named(row)}{row['value']}{unit}{_limits(row)}"
    for row in step.get("stringMeas") or ():
        limit = f"  {row['compOp']} {row['limit']!r}" if row.get("limit") is not None else ""
        yield f"{_named(row)}{row['value']!r}{limit}"
    for row in step.get("booleanMeas") or ():
        if row.get("name"):
            yield f"{_named(row)}{_WORDS[row['status']]}"


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
    told = [f"{_SIGNS[sign]} {limit}" for sign, limit in zip(signs, limits, strict=True) if sign]
    return f"  [{joint.join(told)}]"


def _print(console: Console, text: str, style: str = "") -> None:
    console.print(_plain(text), style=style, highlight=False, markup=False, soft_wrap=True)


def _plain(text: str) -> str:
    """The text without what a terminal would obey."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)
