"""One call: what came in, and the connection it came over."""

import asyncio
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from starlette.datastructures import Headers, QueryParams
from starlette.types import Receive, Scope

from wats_worker.simulator.faults import Fault
from wats_worker.simulator.ledger import Flight
from wats_worker.simulator.settings import Token

#: The id of a report that nobody parses, for the log: a JSON member or an XML attribute near the start.
_ID: Final = re.compile(rb'"?\bid"?\s*[:=]\s*"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"', re.IGNORECASE)


@dataclass(eq=False)
class Call:
    """A request with its body read, as far as the server was willing to read it."""

    scope: Scope
    receive: Receive
    flight: Flight
    path: str  # lower case, without the prefix
    body: bytes = b""
    too_large: bool = False
    fault: Fault | None = None
    token: Token | None = None  # set once the call was let in
    id: str = ""  # the last part of the path, where the route has one

    @cached_property
    def headers(self) -> Headers:
        """The headers, without regard to case."""
        return Headers(scope=self.scope)

    @cached_property
    def options(self) -> dict[str, str]:
        """The query string; names without regard to case."""
        return {name.lower(): value for name, value in QueryParams(self.scope["query_string"]).items()}

    async def read(self, most: int) -> None:
        """Read the body, but no further than ``most`` bytes."""
        length = self.headers.get("content-length", "")
        if length.isdigit() and int(length) > most:
            self.too_large = True
            return
        pieces: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > most:
                self.too_large = True
                return
            more = message.get("more_body", False)
        self.body = b"".join(pieces)

    async def left_within(self, seconds: float) -> bool:
        """Wait; True as soon as the client has gone."""
        try:
            async with asyncio.timeout(seconds):
                while (await self.receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        return True

    async def cut(self) -> None:
        """Close the connection without another byte."""
        self.flight.transport.abort()
        await self.left_within(1)  # until the server in front of us has noticed: else it would answer for us

    def guess_id(self) -> None:
        """Find the report's id for the log, if nobody has read the report."""
        if self.flight.report_id is None and (found := _ID.search(self.body, 0, 4096)):
            self.flight.report_id = found[1].decode().lower()


class ClientLeft(Exception):
    """The client closed the connection before its request was complete."""
