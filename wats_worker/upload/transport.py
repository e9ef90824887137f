"""The road to the server: httpx on a pool of kept-alive connections that keep to a request's patience.

httpx's own transport doesn't let the network backend be passed in, so this is that transport without the
parts nobody here has a use for. Its errors are httpcore's; ``fault_of`` gives them our names.
"""

import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, cast
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from wats_worker.upload.answer import Fault
from wats_worker.upload.patience import PatientBackend

#: Everything that can stand in the place of an answer. (httpcore has no common base.)
ERRORS: Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.ConnectionNotAvailable,
)
#: Seconds an idle connection is kept; common servers hang up after 60, and one that has done so is noticed.
_KEEP_ALIVE: Final = 30.0


class PatientTransport(httpx.BaseTransport):
    """Sends requests over kept-alive connections.

    Args:
        backend: Opens the connections.
        trust: What TLS believes, from ``trust``.
        proxy: URL of an HTTP proxy; its user and password may be part of it.

    Raises:
        ValueError: for a proxy of another kind.
    """

    def __init__(self, *, backend: PatientBackend, trust: ssl.SSLContext, proxy: str | None = None) -> None:
        # No limit on connections: the leases are the limit, and a thread uses one connection at a time.
        if proxy is None:
            self._pool = httpcore.ConnectionPool(
                ssl_context=trust,
                max_connections=None,
                keepalive_expiry=_KEEP_ALIVE,
                network_backend=backend,
            )
            return
        via = httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
        if via.url.scheme not in ("http", "https"):
            raise ValueError(f"a proxy of the kind {via.url.scheme!r} is not supported; name an HTTP proxy")
        self._pool = httpcore.HTTPProxy(
            proxy_url=_url(via.url),
            proxy_auth=via.raw_auth,
            ssl_context=trust,
            proxy_ssl_context=trust if via.url.scheme == "https" else None,
            max_connections=None,
            keepalive_expiry=_KEEP_ALIVE,
            network_backend=backend,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the body of the answer is read by the caller."""
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=_url(request.url),
                headers=request.headers.raw,
                content=cast("Iterable[bytes]", request.stream),
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


def trust(*, ca_file: Path | None = None, verify: bool = True) -> ssl.SSLContext:
    """What TLS believes: the bundled and the system's authorities, and the factory's own on top of them."""
    if not verify:
        return httpx.create_ssl_context(verify=False)
    context = httpx.create_ssl_context()
    context.load_default_certs()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def system_proxy(url: str) -> str | None:
    """The proxy that this machine's environment names for a server; none for one on this machine."""
    server = httpx.URL(url)
    if server.host in ("localhost", "127.0.0.1", "::1") or proxy_bypass(server.host):
        return None
    proxies = getproxies()
    return proxies.get(server.scheme) or proxies.get("all")


def fault_of(error: Exception) -> Fault:
    """Our name for what went wrong.

    >>> fault_of(httpcore.ReadTimeout("no answer in time"))
    <Fault.TIMED_OUT: 'timed out'>
    """
    match error:
        case httpcore.ProxyError():
            return Fault.PROXY
        case httpcore.ConnectError(args=[cause]) if _is_distrust(cause):
            return Fault.UNTRUSTED
        case httpcore.ConnectError() | httpcore.ConnectTimeout():
            return Fault.UNREACHABLE
        case httpcore.TimeoutException():
            return Fault.TIMED_OUT
        case _:
            return Fault.CUT


def _is_distrust(cause: object) -> bool:
    """Whether TLS failed by decision rather than by accident: a peer that hangs up is only weather."""
    accidents = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
    return isinstance(cause, ssl.SSLError) and not isinstance(cause, accidents)


def _url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
