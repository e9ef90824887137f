"""Drafts the mapping of a table without a heading: columns are numbers, told apart by what is in them."""

from typing import Any

from wats_worker.converters.mapped.found_table import Table
from wats_worker.converters.mapped.guesses import date_formats, is_number, is_status


def draft_headless(table: Table) -> dict[str, Any]:
    """The mapping. Which column the serial number stands in is a guess, and a note says so."""
    columns = {at + 1: [text for text in table.column(at) if text] for at in range(len(table.heading))}
    dates = {at: date_formats(texts) for at, texts in columns.items() if texts and not is_number(texts[0])}
    start = next((at for at, formats in dates.items() if formats), 1)
    result = next((at for at, texts in columns.items() if texts and all(map(is_status, texts))), None)
    numeric = [at for at, texts in columns.items() if texts and all(map(is_number, texts))]
    others = [at for at in columns if at not in {start, result, *numeric}]
    serial = (others or [1])[0]
    table.notes += [
        "the table has no heading, so columns are numbers: say what each of them is",
        f"is column {serial} the serial number? It begins with {columns[serial][:1]!r}",
        f"is column {start} the start? It begins with {columns[start][:1]!r}",
        "no column looks like a part number: map one, or set part_number for the source",
        "no column names the process: set process_code for the source",
    ]
    fields = {"serial_number": serial, "start": start} | ({"result": result} if result else {})
    measures = [{"column": at, "name": f"Column {at}"} for at in numeric if at not in fields.values()]
    return {
        "layout": "unit-per-row",
        "delimiter": table.delimiter,
        "heading": False,
        **table.separators(),
        "fields": fields,
        **({"date_format": dates[start][0]} if dates.get(start) else {}),
        "measures": measures or [{"column": 1, "name": "Column 1"}],
    }
