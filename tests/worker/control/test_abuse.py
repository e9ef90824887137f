"""The door under whatever its own document allows, and much of what it does not."""

import contextlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import checks

from wats_broker.access import Scope
from wats_worker.control import api

#: Of each route. More of them were tried once; the suite has to end.
EXAMPLES = int(os.environ.get("ABUSE_EXAMPLES", "4"))
#: It is how they say that the line is not ready.
SAYS_503 = {"/health", "/health/ready"}
OPEN = {"/api/v2/hello", "/health", "/health/live", "/health/ready"}


@pytest.fixture
def desk(desk, tmp_path):
    """With a configuration that can be changed."""
    (tmp_path / "wats.toml").write_text('schema_version = 2\n[server]\ntoken = "abc"\n')
    return replace(desk, config=tmp_path / "wats.toml")


@pytest.fixture
def schema(desk):
    return schemathesis.openapi.from_asgi("/openapi.json", api.build(desk))


def each(schema, mode, check):
    """Ask every route with examples of the document's, or of its opposite."""
    count = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in SAYS_503:
            continue

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case):
            check(case)

        with contextlib.suppress(Unsatisfiable):  # nothing can be wrong with it
            ask()
        count += 1
    assert count > 25


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_nothing_that_is_asked_breaks_it(schema, desk, mode):
    """No answer is a 5xx, each has a status and a shape that the document has."""
    _, token = desk.access.create("abuser", Scope.ADMIN)

    def check(case):
        response = case.call(headers={"Authorization": f"Bearer {token}"})
        case.validate_response(
            response,
            checks=[
                checks.not_a_server_error,
                checks.status_code_conformance,
                checks.response_schema_conformance,
            ],
        )

    each(schema, mode, check)


def test_nobody_comes_in_without_a_token(schema):
    """Whatever else is in the request."""

    def check(case):
        response = case.call()

        # A guess at a token is refused, and after ten of them told to wait.
        assert response.status_code in {401, 429} or case.operation.path in OPEN, case.operation.path

    each(schema, schemathesis.GenerationMode.POSITIVE, check)


def test_many_at_once_get_what_one_may(make_desk, serve, tmp_path):
    """A burst from thirty threads: the bucket's worth is granted and not one more; the rest is told when."""
    from wats_worker.settings import ControlSettings, SpoolSettings, WorkerSettings

    narrow = WorkerSettings(
        spool=SpoolSettings(folder=tmp_path / "spool"),
        control=ControlSettings(requests_per_minute=60, burst=10),
    )
    desk = make_desk(narrow)
    place = serve(narrow, desk)
    _, token = desk.access.create("robot", Scope.READ)
    transport = httpx.HTTPTransport(uds=str(place.socket))
    with httpx.Client(transport=transport, base_url="http://line", timeout=30) as visitor:
        visitor.get("/api/v2/hello")
        began = time.monotonic()

        def ask(_):
            return visitor.get("/api/v2/workers", headers={"Authorization": f"Bearer {token}"})

        with ThreadPoolExecutor(30) as crowd:
            answers = list(crowd.map(ask, range(60)))
        took = time.monotonic() - began

    granted = [one for one in answers if one.status_code == 200]
    assert 10 <= len(granted) <= 10 + took + 1
    assert {one.status_code for one in answers} == {200, 429}
    assert all("Retry-After" in one.headers for one in answers if one.status_code == 429)
