"""Every kind of answer a server, or what stands before it, is known or feared to give."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wats_worker.upload import verdict
from wats_worker.upload.answer import Answer, Fault
from wats_worker.upload.verdict import About, Kind

STORED_AS = "d3a3b0f2-54c4-4a36-93a5-5a0a2d1b7c11"
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>...</body></html>"
RESULT = {"ID": STORED_AS.upper(), "uuid": STORED_AS, "Report_ID": 0}
AT = 1_767_225_600.0  # 2026-01-01 00:00:00 UTC

ROWS = [
    # success, and what only looks like it
    (Answer(200, body=json.dumps([RESULT]).encode()), Kind.DONE, About.REPORT),
    (Answer(200, body=json.dumps(RESULT).encode()), Kind.DONE, About.REPORT),
    (Answer(201, body=json.dumps([RESULT]).encode()), Kind.DONE, About.REPORT),
    (Answer(200, body=b"\xef\xbb\xbf" + json.dumps([RESULT]).encode()), Kind.DONE, About.REPORT),
    (Answer(200, body=PAGE, content_type="text/html"), Kind.PAUSE, About.LANE),
    (Answer(200, body=PAGE), Kind.PAUSE, About.LANE),
    (Answer(200), Kind.PAUSE, About.EITHER),
    (Answer(200, body=b"[]"), Kind.PAUSE, About.EITHER),
    (Answer(200, body=b"[{}]"), Kind.PAUSE, About.EITHER),
    (Answer(200, body=b'{"Report_ID": 17}'), Kind.PAUSE, About.EITHER),
    (Answer(200, body=b'{"ID": "00000000-0000-0000-0000-000000000000"}'), Kind.PAUSE, About.EITHER),
    (Answer(200, body=b'{"ID": {"a": 1}, "uuid": 7}'), Kind.PAUSE, About.EITHER),
    (Answer(200, body=b'"ok"'), Kind.PAUSE, About.EITHER),
    (Answer(202), Kind.PAUSE, About.EITHER),
    (Answer(204), Kind.PAUSE, About.EITHER),
    # redirects lead to login pages
    (Answer(301, location="https://elsewhere/"), Kind.PAUSE, About.LANE),
    (Answer(302, location="/login?ReturnUrl=secret"), Kind.PAUSE, About.LANE),
    (Answer(307), Kind.PAUSE, About.LANE),
    # refusals
    (Answer(400, body=b"Invalid report"), Kind.BURY, About.REPORT),
    (Answer(401), Kind.PAUSE, About.LANE),
    (Answer(402), Kind.PAUSE, About.EITHER),
    (Answer(403), Kind.PAUSE, About.EITHER),
    (Answer(404, body=PAGE), Kind.PAUSE, About.EITHER),
    (Answer(404, body=b"<html><title>IIS 10.0 Detailed Error - 404.13 - Not Found"), Kind.BURY, About.REPORT),
    (Answer(405), Kind.PAUSE, About.EITHER),
    (Answer(407), Kind.PAUSE, About.LANE),
    (Answer(408), Kind.LATER, About.EITHER),
    (Answer(409), Kind.BURY, About.REPORT),
    (Answer(413, body=PAGE), Kind.BURY, About.REPORT),
    (Answer(415), Kind.PAUSE, About.LANE),
    (Answer(418), Kind.PAUSE, About.EITHER),
    (Answer(422), Kind.BURY, About.REPORT),
    (Answer(425), Kind.LATER, About.EITHER),
    (Answer(429), Kind.LATER, About.LANE),
    (Answer(451), Kind.PAUSE, About.EITHER),
    # faults of the server
    (Answer(500, body=b'{"Message": "An error has occurred."}'), Kind.LATER, About.EITHER),
    (Answer(501), Kind.LATER, About.EITHER),
    (Answer(502, body=PAGE), Kind.LATER, About.LANE),
    (Answer(503), Kind.LATER, About.LANE),
    (Answer(504), Kind.LATER, About.EITHER),
    (Answer(507), Kind.LATER, About.LANE),
    (Answer(511, body=PAGE), Kind.PAUSE, About.LANE),
    (Answer(522), Kind.LATER, About.EITHER),
    # no answer at all
    (Answer(fault=Fault.UNREACHABLE), Kind.LATER, About.LANE),
    (Answer(fault=Fault.UNTRUSTED), Kind.PAUSE, About.LANE),
    (Answer(fault=Fault.PROXY), Kind.PAUSE, About.LANE),
    (Answer(fault=Fault.TIMED_OUT), Kind.LATER, About.EITHER),
    (Answer(fault=Fault.CUT), Kind.LATER, About.EITHER),
]


@pytest.mark.parametrize(
    ("answer", "kind", "about"), ROWS, ids=[f"{i}-{a.status or a.fault}" for i, (a, _, _) in enumerate(ROWS)]
)
def test_every_answer_has_its_meaning(answer, kind, about):
    """The error table, row by row."""
    read = verdict.read(answer)

    assert (read.kind, read.about) == (kind, about)


@given(
    status=st.integers(200, 599),
    body=st.binary(max_size=300) | st.sampled_from([b"[" * 60_000, b'{"a":' * 5000, b"<title" * 9000]),
    retry_after=st.text(max_size=30),
)
def test_no_answer_is_beyond_reading(status, body, retry_after):
    """Whatever a server sends, there is a verdict, and no report is done without an id in a success."""
    read = verdict.read(Answer(status, body=body, retry_after=retry_after, date=retry_after, at=AT))

    assert len(read.words) <= 2000
    assert read.words.isprintable()
    assert read.reason.isprintable()
    if read.kind is Kind.DONE:
        assert 200 <= status < 300
        assert uuid.UUID(read.stored_as)


def test_the_id_under_which_the_server_keeps_it_is_taken():
    """It differs from ours when the report replaced an equal one."""
    other = "11111111-2222-3333-4444-555555555555"

    read = verdict.read(Answer(200, body=json.dumps([{"ID": STORED_AS, "uuid": other}]).encode()))

    assert read.stored_as == other


def test_faults_of_the_line_are_never_limited():
    """A plant may be offline for days; only faults that a report can cause by itself count against it."""
    limited = {answer.status or answer.fault for answer, _, _ in ROWS if verdict.read(answer).limited}

    assert limited == {200, 202, 204, 402, 403, 404, 405, 418, 451, 500, 501, 504, 522}


@pytest.mark.parametrize(
    ("header", "date", "seconds"),
    [
        ("17", "", 17.0),
        (" 1.5 ", "", 1.5),
        ("0", "", 0.0),
        ("Thu, 01 Jan 2026 00:00:30 GMT", "", 30.0),
        # the server's clock is ten minutes ahead of ours; its own date tells
        ("Thu, 01 Jan 2026 00:10:30 GMT", "Thu, 01 Jan 2026 00:10:00 GMT", 30.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", "", 0.0),
        ("", "", None),
        ("nan", "", None),
        ("1e9", "", None),
        ("-5", "", None),
        ("soon", "", None),
        ("Thu, 99 Foo 2026", "", None),
        ("9" * 500, "", None),
    ],
)
def test_retry_after_is_read_in_both_shapes(header, date, seconds):
    """Seconds or a date; nonsense is nothing."""
    read = verdict.read(Answer(429, retry_after=header, date=date, at=AT))

    assert read.wait_s == seconds


def test_the_reason_says_what_mends_it():
    """A person reads it at night, in a list."""
    read = verdict.read(Answer(401, body=b'"Token expired"'))

    assert read.reason == (
        "authentication: the server refuses the token. It is wrong, expired or deleted; make a new one in the "
        "server's Control Panel under Tokens (401): Token expired"
    )


def test_a_redirect_does_not_carry_its_query_into_the_reason():
    """Login redirects put all kinds of things into it."""
    read = verdict.read(Answer(302, location="/login?ReturnUrl=secret"))

    assert "/login" in read.reason
    assert "secret" not in read.reason


@pytest.mark.parametrize(
    ("answer", "heals"),
    [
        (Answer(401), True),
        (Answer(404), True),
        (Answer(302), True),
        (Answer(fault=Fault.UNTRUSTED), True),
        (Answer(200, body=PAGE), True),
        (Answer(403), False),  # a ping says nothing about the right to store
        (Answer(200), False),
        (Answer(418), False),
    ],
)
def test_only_what_a_ping_can_prove_heals_by_itself(answer, heals):
    """And what a person paused stays paused."""
    assert verdict.may_heal(verdict.read(answer).reason) is heals
