"""What came back for one request: the server's answer, or the fault that stood in its place. Pure data."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"  #: name, route, port or proxy: the report never left
    UNTRUSTED = "untrusted"  #: TLS: certificate, host name or protocol version refused
    PROXY = "proxy refused"  #: the proxy answered instead of the server
    TIMED_OUT = "timed out"  #: sent in part or whole, no answer in time; the server may have it
    CUT = "cut off"  #: the connection broke, or what came back was not HTTP; the server may have it


@dataclass(frozen=True)
class Answer:
    """One answer, short enough to keep. Exactly one of ``status`` and ``fault`` is set."""

    status: int | None = None
    fault: Fault | None = None
    detail: str = ""  #: of a fault, in the words of the library
    body: bytes = b""  #: decompressed, cut off at a limit, free of our secrets
    content_type: str = ""
    retry_after: str = ""  #: header as it came
    date: str = ""  #: header as it came: the server's clock
    location: str = ""  #: where a redirect points
    at: float = 0.0  #: seconds since 1970, our clock
    took_s: float = 0.0
