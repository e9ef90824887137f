"""Did everything arrive, once, and nothing else? Pure: what was dropped and what is there in, faults out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wats_worker.demo.expected import Sample

Row = Mapping[str, Any]


def faults(dropped: Sequence[Sample], files: Iterable[Row], stored: Iterable[Row]) -> list[str]:
    """Every difference between what should be and what is.

    Args:
        dropped: What was dropped, without copies.
        files: What ``wats-worker files find --json`` says.
        stored: The reports in the server's own store.

    >>> faults([Sample("bench", "a.txt", ("SN1",))], [], [])
    ['a.txt: the line does not know it', 'SN1: never arrived at the server']
    """
    return [*_about_files(dropped, files), *_about_reports(dropped, stored)]


def _about_files(dropped: Sequence[Sample], files: Iterable[Row]) -> list[str]:
    found: list[str] = []
    known = {(row["source"], row["name"]): row for row in files}
    for sample in dropped:
        row = known.pop((sample.source, sample.name), None)
        wanted = "quarantined" if sample.because else "delivered"
        if row is None:
            found.append(f"{sample.name}: the line does not know it")
        elif row["state"] != wanted:
            found.append(f"{sample.name}: is {row['state']}, should be {wanted}")
        else:
            said = why(row)
            found += [
                f"{sample.name}: the reason does not name {word!r}: {said}"
                for word in sample.because
                if word not in said
            ]
    return found + [f"{name}: nobody dropped it in {source}" for source, name in known]


def _about_reports(dropped: Sequence[Sample], stored: Iterable[Row]) -> list[str]:
    wanted = Counter((sample.kind, unit) for sample in dropped for unit in sample.units)
    rows = list(stored)
    there = Counter((row["type"], row["sn"]) for row in rows)
    found = [f"{unit}: never arrived at the server" for (_, unit) in wanted - there]
    found += [f"{unit}: arrived under more than one id, or was never dropped" for (_, unit) in there - wanted]
    found += [
        f"{row['sn']}: was sent {row['receiveCount']} times" for row in rows if row["receiveCount"] != 1
    ]
    return found + [
        f"{row['sn']}: the server set it aside: {row['quarantine']}" for row in rows if row["quarantine"]
    ]


def why(row: Row) -> str:
    """All that is told about a quarantined file, in one line.

    >>> why({"facts": {"reason": "the file has none", "field": "serial number", "place": "line 1"}})
    'serial number: the file has none (line 1)'
    """
    facts = row["facts"]
    field = f"{facts['field']}: " if facts.get("field") else ""
    place = f" ({facts['place']})" if facts.get("place") else ""
    fix = f"; {facts['fix']}" if facts.get("fix") else ""
    return f"{field}{facts.get('reason', '')}{place}{fix}"
