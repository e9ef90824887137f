"""A relay to the broker of another machine, so that who converts there needs no way out of its own.

    convert, watch … ──► relay ──► the first machine's broker
    (their network has no way out)

It reads nothing of what it passes on, and opens to one address only. With TLS the two ends talk through it.
"""

import asyncio
import contextlib
import logging
import signal
from typing import Final

log = logging.getLogger(__name__)

_PIECE: Final = 64 * 1024
#: A machine that is away does not answer at all.
_PATIENCE_S: Final = 10.0


class NoPlace(Exception):
    """An address that is none; the text says why."""


def read_place(text: str) -> tuple[str, int]:
    """Host and port.

    >>> read_place("plant-7:6379"), read_place("[::1]:6379")
    (('plant-7', 6379), ('::1', 6379))

    Raises:
        NoPlace: it is something else.
    """
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise NoPlace(f"{text!r} is no place: write host:port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def run_relay(listen: tuple[str, int], to: tuple[str, int]) -> int:
    """Pass connections on until a signal ends it; the exit code."""
    try:
        asyncio.run(_serve(listen, to))
    except OSError as error:
        reason = f"can't listen on {listen[0]}:{listen[1]}: {error.strerror}"
        log.critical("stage_cannot_begin", extra={"reason": reason})
        return 1
    return 0


async def _serve(listen: tuple[str, int], to: tuple[str, int]) -> None:
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    calls: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = asyncio.create_task(_pass_on(reader, writer, to))
        calls.add(call)
        call.add_done_callback(calls.discard)

    server = await asyncio.start_server(begin, *listen)
    log.info("relay_open", extra={"address": "{}:{}".format(*server.sockets[0].getsockname()[:2])})
    await over.wait()
    server.close()
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: tuple[str, int]) -> None:
    """One connection. Whoever is there only half is let go: the line's clients come again by themselves."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            far_reader, far_writer = await asyncio.open_connection(*to)
    except OSError as error:  # a timeout is one
        log.warning("relay_in_vain", extra={"address": f"{to[0]}:{to[1]}", "reason": str(error)})
        writer.close()
        return
    ways = [asyncio.create_task(_copy(reader, far_writer)), asyncio.create_task(_copy(far_reader, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        writer.close()
        far_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # one end is gone, which the other one is going to notice
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
