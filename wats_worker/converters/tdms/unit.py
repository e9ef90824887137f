"""From the content of a file to facts and steps, by the rules of a mapping."""

import math
from collections.abc import Iterator
from typing import Any, Final

from wats_worker.converters.base import Refused, Source
from wats_worker.converters.mapped.facts import Found, StepFacts, Unit
from wats_worker.converters.mapped.model import FileName
from wats_worker.converters.mapped.patterns import safe
from wats_worker.converters.tdms.content import Content
from wats_worker.converters.tdms.options import Options, Property, StepOf
from wats_worker.converters.texts import wire_number

#: So many points of a curve are kept by WATS.
_MOST_POINTS: Final = 10_000


def unit(content: Content, source: Source, options: Options) -> Unit:
    """The facts of the one unit that a file is about."""
    made = Unit("the file")
    fields = options.fields.given() if options.fields else {}
    for name, place in fields.items():
        made.put(name, Found(_text(place, content, source), _place(place)))
    for name, place in options.infos.items():
        made.inform(name, Found(_text(place, content, source), _place(place)))
    for step in options.steps:
        made.steps.append(_facts(step, content, source))
    return made


def charts(content: Content, options: Options) -> Iterator[tuple[str, dict[str, Any]]]:
    """The channels that are drawn, with the names of their steps."""
    for step in options.steps:
        if step.chart and step.channel is not None:
            yield step.name, _chart(step, step.channel, content)


def is_moment(place: object, text: str) -> bool:
    """Whether a start is a time of TDMS, and not a text that somebody made."""
    return isinstance(place, Property) and text.endswith("Z")


def _text(place: FileName | Property, content: Content, source: Source) -> str:
    if isinstance(place, Property):
        return content.text(place)
    found = safe(place.file_name).search(source.name)
    return (found[1] or "").strip() if found else ""


def _place(place: FileName | Property) -> str:
    if isinstance(place, FileName):
        return "the file's name"
    return " / ".join(part for part in (place.group, place.channel, place.property) if part)


def _facts(step: StepOf, content: Content, source: Source) -> StepFacts:
    facts = {"name": step.name, "sequence": step.sequence, "comparison": step.comparison or ""}
    unit = step.unit or (content.unit(step.group, step.channel) if step.channel else "")
    if step.channel is None and step.value is not None:
        facts["value"] = _text(step.value, content, source)
    elif step.channel is not None and step.take != "none":
        facts["value"] = repr(_taken(step, step.channel, content))
    for side, limit in (("low", step.low), ("high", step.high)):
        if limit is not None:
            facts[side] = content.text(limit) if isinstance(limit, Property) else repr(limit)
    if step.status is not None:
        facts["status"] = _text(step.status, content, source)
    if unit and facts.get("value"):
        facts["unit"] = unit
    return StepFacts(f"step {step.name!r}", {name: text for name, text in facts.items() if text})


def _taken(step: StepOf, channel: str, content: Content) -> float:
    """The value of a channel that counts."""
    count, total, squares = 0, 0.0, 0.0
    first = last = math.nan
    lowest, highest = math.inf, -math.inf
    for values in content.values(step.group, channel):
        if not values:
            continue
        first, last = (values[0] if not count else first), values[-1]
        lowest, highest = min(lowest, *values), max(highest, *values)
        total += math.fsum(values)
        squares += math.fsum(value * value for value in values)
        count += len(values)
    if not count:
        raise Refused("the channel has no values", place=f"step {step.name!r}", field="value")
    if step.take == "only" and count > 1:
        fix = 'say which counts: take = "last", "mean" …'
        raise Refused(f"the channel has {count} values", place=f"step {step.name!r}", field="value", fix=fix)
    return {
        "only": first,
        "first": first,
        "last": last,
        "lowest": lowest,
        "highest": highest,
        "mean": total / count,
        "rms": math.sqrt(squares / count),
    }[step.take]


def _chart(step: StepOf, channel: str, content: Content) -> dict[str, Any]:
    points: list[float] = []
    seen = 0
    for values in content.values(step.group, channel):
        points += values[-seen % step.every :: step.every]
        seen += len(values)
        if len(points) > _MOST_POINTS:
            fix = f"every = {seen // _MOST_POINTS + 1} or more"
            raise Refused(f"a chart of more than {_MOST_POINTS} points", place=f"step {step.name!r}", fix=fix)
    if not points:
        raise Refused("the channel has no values", place=f"step {step.name!r}", field="chart")
    begin, increment = content.times(step.group, channel)
    chart: dict[str, Any] = {
        "chartType": "Line",
        "label": step.name[:100],
        "xLabel": "Time" if increment != 1.0 else "Point",
        "yLabel": channel[:50],
        "series": [
            {
                "dataType": "XYG",
                "name": channel[:100],
                "xdata": ";".join(repr(begin + at * step.every * increment) for at in range(len(points))),
                "ydata": ";".join(str(wire_number(value)) for value in points),
            }
        ],
    }
    if increment != 1.0:
        chart["xUnit"] = "s"
    if unit := step.unit or content.unit(step.group, channel):
        chart["yUnit"] = unit[:20]
    return chart
