"""Converters over the door: all loaded anew, and a file tried with them."""

import httpx
import pytest
from worker.control.monitoring import asked

from wats_broker.access import Scope
from wats_broker.switches import Kind, Switches
from wats_worker.control.client import Denied
from wats_worker.control.converters import MOST_BYTES


def test_they_are_loaded_anew_everywhere(client, desk):
    """Each worker hears of it before its next file; what is switched off stays so."""
    elsewhere = Switches(desk.redis, desk.keys)
    client.disable_converter("better", reason="it loses the limits")
    assert elsewhere.rung_lately() == ""

    assert client.reload_converters().converters == 0

    first, again = Switches(desk.redis, desk.keys).rung_lately(), Switches(desk.redis, desk.keys)
    client.reload_converters()
    assert first
    assert again.rung_lately() not in {"", first}
    assert list(again.off(Kind.CONVERTER)) == ["better"]


def test_a_file_is_tried_with_what_was_named(client):
    """Its bytes, whatever they are, go where a worker's files go."""
    tried = client.test_file(b"\x00" * (3 << 20), "board 1.log", source="ict", converter="better")

    assert (tried.outcome, tried.converter, tried.jail) == ("converted", "better", "strict")
    assert tried.reports == [{"name": "board 1.log", "bytes": 3 << 20, "source": "ict"}]


def test_a_source_that_is_not_there_is_told(client):
    """In the one shape that all refusals have."""
    with pytest.raises(Denied, match="there is no source 'nowhere'"):
        client.test_file(b"", "x.log", source="nowhere")


@pytest.mark.parametrize("name", ["", "../x", "a\nb", "x" * 201])
def test_a_name_is_a_name(client, name):
    """And no path."""
    with pytest.raises(Denied) as caught:
        client.test_file(b"", name)

    assert caught.value.status == 422


def test_a_file_without_end_is_cut_off(place, desk):
    """Whether it says its length or not."""
    text = desk.access.create("screen", Scope.OPERATE)[1]
    with asked(place, token=text) as http:
        response = http.post(
            "/api/v2/converters/test?name=x",
            content=(b"x" * (1 << 20) for _ in range((MOST_BYTES >> 20) + 1)),
        )

    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_long")


def test_nobody_sends_a_file_without_a_token(place):
    """It is not read before it is known who sends it."""
    with asked(place) as http:
        try:
            status = http.post("/api/v2/converters/test?name=x", content=b"x" * (8 << 20)).status_code
        except httpx.TransportError:  # the door was shut before all of it was sent
            status = 401

    assert status == 401
