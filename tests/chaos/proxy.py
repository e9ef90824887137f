"""The line to the server, as a TCP proxy: it can be cut, refuse, hang, and bite off what is said in the middle."""

import asyncio
import threading
from enum import Enum
from typing import Self


class Mood(Enum):
    """What the line does with what is sent over it."""

    PASS = "pass"
    REFUSE = "refuse"  #: new connections are reset
    HANG = "hang"  #: everything is held back until the mood changes
    BITE_ANSWERS = "bite answers"  #: half of each answer, then the end
    BITE_REQUESTS = "bite requests"  #: half of each request, then the end


class Proxy:
    """A proxy in a thread of its own.

    Args:
        target: The port on this machine that everything goes to.
    """

    def __init__(self, target: int) -> None:
        self.mood = Mood.PASS
        self.port = 0
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def cut(self) -> None:
        """Reset every connection there is."""

        def now() -> None:
            for writer in list(self._open):
                writer.transport.abort()

        self._loop.call_soon_threadsafe(now)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for writer in list(self._open):
            writer.transport.abort()
        # Whoever pumps finds its connection gone.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait(others, timeout=5) if others else None

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        ends = [to_client]
        self._open.add(to_client)
        try:
            if self.mood is Mood.REFUSE:
                return
            server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
            ends.append(to_server)
            self._open.add(to_server)
            pumps = [
                asyncio.create_task(self._pump(client, to_server, bitten_in=Mood.BITE_REQUESTS)),
                asyncio.create_task(self._pump(server, to_client, bitten_in=Mood.BITE_ANSWERS)),
            ]
            # Whichever side ends, the other one hears of it at once.
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            return  # nobody at home
        finally:
            for end in ends:
                self._open.discard(end)
                end.transport.abort()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, bitten_in: Mood
    ) -> None:
        while data := await source.read(65536):
            while self.mood is Mood.HANG:  # noqa: ASYNC110 - the mood is set by other threads
                await asyncio.sleep(0.05)
            bite = self.mood is bitten_in
            sink.write(data[: len(data) // 2] if bite else data)
            await sink.drain()
            if bite:
                return
