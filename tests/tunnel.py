"""TLS in front of a server that speaks none: certificates of the moment, and a tunnel that asks for one."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    """An authority, and what it has signed for a client and for two servers; all of them files."""

    authority: Path
    client: Path
    client_key: Path
    server: trustme.LeafCert
    elsewhere: trustme.LeafCert  #: for a server of another name
    trust: trustme.CA

    @classmethod
    def made_in(cls, folder: Path) -> "Certificates":
        """New ones; they last for the test."""
        folder.mkdir(exist_ok=True)
        trust = trustme.CA()
        client = trust.issue_cert("stage@factory.example")
        trust.cert_pem.write_to_path(folder / "ca.pem")
        client.cert_chain_pems[0].write_to_path(folder / "client.pem")
        client.private_key_pem.write_to_path(folder / "client.key")
        return cls(
            folder / "ca.pem",
            folder / "client.pem",
            folder / "client.key",
            trust.issue_cert("localhost", "127.0.0.1"),
            trust.issue_cert("queue.example"),
            trust,
        )


@contextmanager
def tunnel(certificates: Certificates, target: Path | int, *, elsewhere: bool = False) -> Iterator[int]:
    """A loopback port behind which a server is to be had by TLS, for who shows a certificate.

    Args:
        certificates: Whose.
        target: The server's socket, or its port.
        elsewhere: Answer with the certificate of another server.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    certificates.trust.configure_trust(context)
    (certificates.elsewhere if elsewhere else certificates.server).configure_cert(context)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="tunnel")
    thread.start()
    serving = asyncio.run_coroutine_threadsafe(_serve(context, target), loop).result(60)
    try:
        yield serving.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(serving), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


async def _serve(context: ssl.SSLContext, target: Path | int) -> asyncio.Server:
    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(target, int):
            inner = await asyncio.open_connection("127.0.0.1", target)
        else:
            inner = await asyncio.open_unix_connection(target)
        # Whichever side ends first, ends both.
        ways = [asyncio.create_task(_copy(reader, inner[1])), asyncio.create_task(_copy(inner[0], writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for end in (writer, inner[1]):
                end.transport.abort()  # no farewell: who is away would be waited for

    return await asyncio.start_server(through, "127.0.0.1", 0, ssl=context)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


async def _end(serving: asyncio.Server) -> None:
    serving.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for _ in range(10):  # transports end in a later turn of the loop than they are told to
        await asyncio.sleep(0)
