"""The server's words in all the shapes they are known or feared to come in."""

import time

import pytest

from wats_worker.upload import words
from wats_worker.upload.answer import Answer


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b"process code 99 is unknown\r\n", "process code 99 is unknown"),
        (b'"process code 99 is unknown"', "process code 99 is unknown"),
        (b'{"Message": "no"}', "no"),
        (b'{"message": "no"}', "no"),
        (b'{"error": "no"}', "no"),
        (b'{"error": {"code": 7, "message": "no"}}', "no"),
        (b'{"title": "Bad", "status": 400, "errors": {"pn": ["Required."]}}', "Bad pn: Required."),
        (
            b'{"Message": "The request is invalid.", "ModelState": {"report.root.steps[0].name": ["Required."],'
            b' "report.pn": ["Too long.", "Odd."]}}',
            "The request is invalid. report.root.steps[0].name: Required. report.pn: Too long. Odd.",
        ),
        (b'["one", "two"]', "one two"),
        (b'{"Message": null, "code": 5}', '{"Message": null, "code": 5}'),
        (b"<html><head><TITLE>502 Bad &amp; Gateway</TITLE>", "502 Bad & Gateway"),
        (b"<!DOCTYPE html><body><h1>Server <b>Error</b></h1>", "Server Error"),
        (b"<html>nothing", "an HTML page without a title"),
        ("Gerät unbekannt".encode(), "Gerät unbekannt"),
        (b"caf\xe9", "caf\ufffd"),
        (b"red \x1b[31m alert\x07", "red [31m alert"),
    ],
)
def test_the_message_is_found_in_every_shape(body, text):
    """Plain, JSON of every dialect, a page: the person reads one line."""
    assert words.of(Answer(400, body=body)) == text


def test_words_are_cut_to_a_length_that_fits_a_listing():
    """A stack trace of a megabyte is of no more use than its first lines."""
    text = words.of(Answer(500, body=b"x" * 60_000))

    assert len(text) == 2000
    assert text.endswith("…")


@pytest.mark.parametrize("body", [b"<html>" + b"<title" * 10_000, b"<html>" + b"<" * 60_000, b"[" * 60_000])
def test_a_hostile_body_costs_next_to_nothing(body):
    """Nested or unclosed without end: read in no time all the same."""
    start = time.process_time()

    words.of(Answer(500, body=body))

    assert time.process_time() - start < 0.2
