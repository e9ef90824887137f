"""``/converters``: which there are, a switch for each, all of them anew, and a file tried with them."""

import tempfile
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from wats_broker.files import new_file
from wats_broker.switches import Kind
from wats_worker.control import problems
from wats_worker.control.desk import Desk
from wats_worker.control.door import Operates, Reads
from wats_worker.control.models.asking import ConverterWord, SourceName, Why
from wats_worker.control.models.converters import ConverterCard, Converters, Rung, Switched, Tried

#: Where a file is tried, below the API; it is the only question with more bytes than others.
TEST: Final = "/converters/test"
#: Bytes of a file that is tried.
MOST_BYTES: Final = 16 << 20
_UPLOAD: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}

FileName = Annotated[
    str,
    Query(min_length=1, max_length=200, pattern=r"^[^/\x00-\x1f\x7f]+$", description="What it is called."),
]


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/converters", tags=["converters"])

    @rooms.get("")
    def converters(_: Reads) -> Converters:
        """List every converter as it is now: plugins are exchanged as soon as their files change."""
        return Converters(converters=cards(desk))

    @rooms.post("/{name}/disable")
    def disable(name: ConverterWord, why: Why, who: Operates) -> Switched:
        """Use a converter no more. A file that only it could convert is quarantined, and can be replayed."""
        if name not in {card.name for card in desk.neighbours.converters()}:
            raise problems.not_found(f"there is no converter {name!r}")
        if not desk.switches.turn_off(Kind.CONVERTER, name, who=who.name, reason=why.reason):
            raise problems.conflict("too much is switched off", fix="switch something on again")
        desk.did("converter_disabled", who.name, name, reason=why.reason)
        return Switched(name=name, on=False, changed=True)

    @rooms.post("/{name}/enable")
    def enable(name: ConverterWord, who: Operates) -> Switched:
        """Use a converter again that was disabled here. What the configuration says stays as it says."""
        changed = desk.switches.turn_on(Kind.CONVERTER, name)
        if not changed and name not in {card.name for card in desk.neighbours.converters()}:
            raise problems.not_found(f"there is no converter {name!r}")
        desk.did("converter_enabled", who.name, name)
        return Switched(name=name, on=True, changed=changed)

    @rooms.post("/reload")
    def reload(who: Operates) -> Rung:
        """Have every worker on every host load its converters and their libraries anew before the next file.

        A plugin that was changed is exchanged without this; a library that was installed anew is not.
        """
        desk.switches.ring()
        desk.did("converters_reloaded", who.name, "")
        return Rung(converters=sum(card.state == "ready" for card in cards(desk)))

    @rooms.post("/test", openapi_extra=_UPLOAD)
    async def test(
        request: Request,
        _: Operates,
        name: FileName,
        source: SourceName | None = None,
        converter: ConverterWord | None = None,
    ) -> Tried:
        """Convert one file in the jail, as the line would, and tell what comes of it.

        The body is the file, of 16 MiB at most. Nothing is sent or moved.
        """
        with tempfile.TemporaryDirectory(prefix="wats-") as folder:
            file = Path(folder, "file")
            with new_file(file) as kept:
                async for piece in request.stream():
                    if kept.tell() + len(piece) > MOST_BYTES:
                        raise problems.too_long(MOST_BYTES)
                    kept.write(piece)
            return await run_in_threadpool(desk.neighbours.trial, file, name, source, converter)

    return rooms


def cards(desk: Desk) -> list[ConverterCard]:
    """Every converter, those that were switched off among them."""
    off = desk.switches.off(Kind.CONVERTER)
    return [
        card.model_copy(update={"state": "disabled", "reason": str(off[card.name])})
        if card.name in off and card.state == "ready"
        else card
        for card in desk.neighbours.converters()
    ]
