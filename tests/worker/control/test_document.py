"""The OpenAPI document, and the page that is made from it."""

import pytest
from support import ROOT

from wats_worker.app import handbook


@pytest.fixture(scope="module")
def document():
    return handbook.document()


def test_the_page_is_what_the_code_says(document):
    """``make docs`` makes it again."""
    assert (ROOT / "docs/reference/api.md").read_text() == handbook.page(document)


def test_every_route_says_what_it_answers_and_what_it_needs(document):
    """A summary, a body with a name, a scope; hello and health need none."""
    for path, methods in document["paths"].items():
        for route in methods.values():
            assert route["summary"], path
            assert route.get("description", "").endswith("."), path
            assert ("security" in route) == ("x-scope" in route), path
            if path.startswith("/api") and path != "/api/v2/hello":
                assert route["x-scope"] in {"read", "operate", "admin"}, path


def test_what_changes_something_needs_more_than_looking(document):
    """No route with scope read does anything."""
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            assert method == "get" or route["x-scope"] != "read", path
