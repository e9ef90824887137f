"""What an answer means for the report, for the lane, and for the person in charge. Pure.

    200 with an id .............................. done
    408 425 429 5xx, no answer .................. later
    400 409 413 422 ............................. bury: a person has to change something
    401 403 404 3xx, a page instead of an id .... pause: something about the whole lane is set up wrongly

Some of these are plainly the server's (429), some plainly the report's (400). A 500 may be either, and a
single answer can't tell: that is decided by what happens to the reports around it (``breaker``). What nobody
has ever seen is read so that no report is lost and none is stored under a second id.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from wats_worker.upload import words
from wats_worker.upload.answer import Answer, Fault


class Kind(StrEnum):
    """What is to be done with the report."""

    DONE = "done"
    LATER = "later"
    BURY = "bury"
    PAUSE = "pause"


class About(StrEnum):
    """Whom the answer is about."""

    REPORT = "report"
    LANE = "lane"
    EITHER = "either"  #: the report's own when others pass, the lane's when none does


class Cause(StrEnum):
    """Why the lane stands still. The word opens the reason, so that everybody can tell them apart."""

    AUTHENTICATION = "authentication"
    CONFIGURATION = "configuration"
    PERMISSION = "permission"
    ANSWER = "answer"


#: Causes that a ping proves or disproves. It can't tell whether a report would be taken.
_PINGABLE: Final = (Cause.AUTHENTICATION, Cause.CONFIGURATION)


@dataclass(frozen=True)
class Verdict:
    """The reading of one answer."""

    kind: Kind
    reason: str = ""  #: for the person: what happened and what mends it
    about: About = About.REPORT
    words: str = ""  #: the server's own
    stored_as: str | None = None  #: id under which the server keeps the report
    wait_s: float | None = None  #: what the server asked for with Retry-After
    limited: bool = False  #: so many of these while others pass, and the report itself is suspect
    cause: str = ""  #: the status, or the fault in its place; one of few words, for counting


def read(answer: Answer) -> Verdict:
    """Decide what an answer means.

    >>> read(Answer(503)).kind, read(Answer(503)).about
    (<Kind.LATER: 'later'>, <About.LANE: 'lane'>)
    >>> read(Answer(200, body=b'[{"uuid": "d3a3b0f2-54c4-4a36-93a5-5a0a2d1b7c11"}]')).stored_as
    'd3a3b0f2-54c4-4a36-93a5-5a0a2d1b7c11'
    """
    if answer.status is None:
        return _read_fault(answer)
    status = answer.status
    if 200 <= status < 300:
        return _read_success(answer)
    if status < 400:
        return _pause(answer, Cause.CONFIGURATION, _redirected(answer))
    if status < 500:
        return _read_refusal(answer)
    return _read_server_fault(answer)


def is_healthy_ping(answer: Answer) -> bool:
    """Whether address, certificate and token are right: the version comes as a JSON string.

    >>> is_healthy_ping(Answer(200, body=b'"2025.3.9.824"')), is_healthy_ping(Answer(200, body=b"<html>"))
    (True, False)
    """
    return answer.status == HTTPStatus.OK and isinstance(words.parse(answer), str)


def may_heal(reason: str) -> bool:
    """Whether a lane paused for this reason may be opened again by a healthy ping.

    A pause that a person ordered is for a person to end, and so is one that a ping says nothing about.

    >>> may_heal("authentication: the server refuses the token"), may_heal("maintenance until noon")
    (True, False)
    """
    return reason.startswith(tuple(f"{cause}: " for cause in _PINGABLE))


def _read_success(answer: Answer) -> Verdict:
    stored_as = _stored_as(words.parse(answer))
    if stored_as:
        return Verdict(Kind.DONE, stored_as=stored_as)
    if words.is_html(answer):
        return _pause(
            answer,
            Cause.CONFIGURATION,
            "a web page came instead of the report's id. A proxy or a login page stands before the server, "
            "or the address is wrong; check the server's url",
        )
    # The report may well be stored. Under the same id it can be sent again without harm, so it is.
    return _pause(answer, Cause.ANSWER, "success without the report's id", About.EITHER)


def _stored_as(result: Any) -> str | None:
    """The id in a result, be it an object or an array of one; None without a usable one."""
    first = result[0] if isinstance(result, list) and result else result
    if not isinstance(first, dict):
        return None
    members = {name.lower(): value for name, value in first.items()}
    for name in ("uuid", "id"):
        try:
            found = uuid.UUID(members[name])
        except (KeyError, ValueError, AttributeError, TypeError):
            continue
        if found.int:
            return str(found)
    return None


def _read_refusal(answer: Answer) -> Verdict:
    match answer.status:
        case 401:
            return _pause(
                answer,
                Cause.AUTHENTICATION,
                "the server refuses the token. It is wrong, expired or deleted; make a new one in the "
                "server's Control Panel under Tokens",
            )
        case 403:
            return _pause(
                answer,
                Cause.PERMISSION,
                "the token lacks the right to store this report. Look at its level, product group and role",
                About.EITHER,
            )
        case 407:
            return _pause(answer, Cause.AUTHENTICATION, "the proxy asks for a user name and password")
        case 404 if _is_too_large(answer):
            return _too_large(answer)
        case 404 | 405 | 410 | 421:
            # About the report only where IIS hides a 404.13 from remote clients: then others pass.
            return _pause(
                answer,
                Cause.CONFIGURATION,
                "there is no WATS service at this address. Check the server's url and its path prefix",
                About.EITHER,
            )
        case 406 | 411 | 415 | 426:
            return _pause(
                answer,
                Cause.CONFIGURATION,
                "the server, or a proxy before it, wants another kind of request",
            )
        case 408 | 425:
            return _later(answer, "the server gave up waiting", About.EITHER)
        case 423:
            return _later(answer, "locked", About.EITHER, limited=True)
        case 429:
            return _later(answer, "over the token's request limit", About.LANE)
        case 413:
            return _too_large(answer)
        case 400 | 409 | 422:
            return _bury(answer, "rejected")
        case _:
            # A kind of refusal that WATS is not known for. One report of many: it is that report. All of
            # them: something new stands in the way, and burying the whole queue would be no help.
            return _pause(answer, Cause.ANSWER, "an answer that WATS is not known to give", About.EITHER)


def _read_server_fault(answer: Answer) -> Verdict:
    match answer.status:
        case 502 | 503 | 507 | 509:
            return _later(answer, "the server is not available", About.LANE)
        case 511:
            return _pause(answer, Cause.CONFIGURATION, "the network asks for a login")
        case _:
            return _later(answer, "the server failed", About.EITHER, limited=True)


def _read_fault(answer: Answer) -> Verdict:
    match answer.fault:
        case Fault.UNTRUSTED:
            return _pause(
                answer,
                Cause.CONFIGURATION,
                "no trusted connection to the server. Check its certificate, the CA file and the url",
            )
        case Fault.PROXY:
            return _pause(answer, Cause.CONFIGURATION, "the proxy refuses. Check its address and its login")
        case Fault.TIMED_OUT:
            return _later(answer, "no answer in time", About.EITHER)
        case Fault.CUT:
            return _later(answer, "the connection was cut", About.EITHER)
        case _:
            return _later(answer, "the server can't be reached", About.LANE)


def _is_too_large(answer: Answer) -> bool:
    """IIS says "not found" to a body over its request filter's limit; the true number is in the page."""
    page = answer.body.lower()
    return b"404.13" in page or b"exceeds the request content length" in page


def _too_large(answer: Answer) -> Verdict:
    return _bury(answer, "too large for the server; shrink its attachments, or raise the limit there")


def _redirected(answer: Answer) -> str:
    target = words.clean(answer.location.partition("?")[0])[:200] or "an unnamed place"
    return f"the server sends us to {target}, as it does for a wrong url or a missing login"


def _bury(answer: Answer, what: str) -> Verdict:
    return Verdict(Kind.BURY, _reason(answer, what), words=words.of(answer))


def _later(answer: Answer, what: str, about: About, *, limited: bool = False) -> Verdict:
    return Verdict(
        Kind.LATER,
        _reason(answer, what),
        about,
        words=words.of(answer),
        wait_s=_retry_after(answer),
        limited=limited,
        cause=_source(answer),
    )


def _pause(answer: Answer, cause: Cause, what: str, about: About = About.LANE) -> Verdict:
    reason = f"{cause}: {_reason(answer, what)}"
    # Only one that may turn out to be the report's own is ever counted against the report.
    return Verdict(
        Kind.PAUSE,
        reason,
        about,
        words=words.of(answer),
        limited=about is About.EITHER,
        cause=_source(answer),
    )


def _reason(answer: Answer, what: str) -> str:
    """One sentence, with the status or the library's words, and the server's own in short."""
    said = words.of(answer)[:300] if answer.body else words.clean(answer.detail)[:300]
    return f"{what} ({_source(answer)})" + (f": {said}" if said else "")


def _source(answer: Answer) -> str:
    return str(answer.fault if answer.status is None else answer.status)


def _retry_after(answer: Answer) -> float | None:
    """Seconds the server asked us to wait. A date is held against the server's own clock, if it tells it."""
    text = answer.retry_after.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        return float(text)
    until = _date(text)
    if until is None:
        return None
    now = _date(answer.date) or datetime.fromtimestamp(answer.at, UTC)
    return max(0.0, (until - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
